package config

import (
	"cmp"
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/daprstack/daprstack/config/rules"
	"k8s.io/apimachinery/pkg/api/validate/content"
	"k8s.io/apimachinery/pkg/util/validation/field"
)

// longestConfiguration leaves room for a dot and the longest app-id.
const longestConfiguration = 253 - 1 - rules.MaxAppID

// cluster checks where the stack goes.
func (v *validator) cluster() {
	s := v.stack
	if s.Context == "" {
		v.form(root("context"), nil, "is required: the kubeconfig context to deploy to, the only cluster that is touched")
	}
	if !s.IsPlatform() {
		v.appNamespace(s)
	}
	for i, name := range s.ImagePullSecrets {
		v.name(root("imagePullSecrets").Index(i), name)
	}
	for i, object := range s.Adopt {
		if !adoptable.MatchString(object) {
			v.form(root("adopt").Index(i), object, "must be an object as Kind/name, such as Namespace/"+cmp.Or(s.Namespace, "todo"))
		}
	}
	for i, path := range s.Objects {
		if path == "" {
			v.form(root("objects").Index(i), nil, "must be a manifest or a folder with manifests")
		}
	}
	v.addEach(rules.Repeated("", s.Objects), s.Objects, func(i int) *field.Path { return root("objects").Index(i) })
	if s.IsPlatform() && len(s.Objects) > 0 {
		v.add(root("objects"), nil, broken("W-07", "must not be given in a stack without apps, which has no namespace"), "apps")
	}
	if s.Keep.Data && !s.Keep.Namespaces && *s.CreateNamespace {
		v.form(root("keep").Child("data"), true, "must not be given alone: the volume would go with its namespace; set keep.namespaces too, or createNamespace: false",
			"keep.namespaces", "createNamespace")
	}
}

// adoptable matches an object as Kind/name.
var adoptable = regexp.MustCompile(`^[A-Z][A-Za-z0-9]*/[a-z0-9]([-a-z0-9.:]*[a-z0-9])?$`)

// appNamespace checks the namespace of the applications.
func (v *validator) appNamespace(s *Stack) {
	v.namespace(root("namespace"), s.Namespace)
	if s.Namespace == "default" && *s.CreateNamespace {
		v.form(root("namespace"), s.Namespace, ownNamespace+"; createNamespace: false leaves it alone", "createNamespace")
	}
	if s.Namespace == s.Dapr.Namespace && s.Namespace != "" {
		v.form(root("namespace"), s.Namespace, "must differ from the namespace of the control plane", "dapr.namespace")
	}
}

// reservedNamespaces belong to the cluster: neither applications nor a control
// plane come into them.
var reservedNamespaces = []string{"kube-system", "kube-public", "kube-node-lease"}

// ownNamespace is why a stack cannot have the namespace default as its own.
const ownNamespace = "must be a namespace of the stack's own: destroy removes it"

func (v *validator) namespace(path *field.Path, name string) {
	switch {
	case name == "":
		v.form(path, nil, "is required")
	case !valid(content.IsDNS1123Label, name):
		v.form(path, name, "must be a DNS-1123 label, at most 63 characters")
	case slices.Contains(reservedNamespaces, name):
		v.form(path, name, "must not be a namespace of the cluster itself")
	}
}

func (v *validator) dapr() {
	d, path := v.stack.Dapr, root("dapr")
	v.add(path.Child("version"), d.Version, rules.DaprVersion(d.Version))
	if *d.Install {
		v.controlPlane(path, d)
	} else {
		v.existingControlPlane(path, d)
	}
	c := d.Configuration
	v.add(path.Child("configuration", "name"), c.Name, rules.ConfigurationName(c.Name))
	if len(c.Name) > longestConfiguration {
		v.form(path.Child("configuration", "name"), c.Name, fmt.Sprintf("must have at most %d characters: the app-ids come behind it", longestConfiguration))
	}
	if action := c.AccessControl.DefaultAction; action != "deny" && action != "allow" {
		v.form(path.Child("configuration", "accessControl", "defaultAction"), action, "must be one of deny, allow")
	}
	if rate, err := strconv.ParseFloat(c.Tracing.SamplingRate, 64); err != nil || !(rate >= 0 && rate <= 1) {
		v.form(path.Child("configuration", "tracing", "samplingRate"), c.Tracing.SamplingRate, `must be text from "0" to "1"`)
	}
	if c.Tracing.Otel != "" && rules.RedisHost(c.Tracing.Otel) != nil {
		v.form(path.Child("configuration", "tracing", "otel"), c.Tracing.Otel, "must be host:port")
	}
}

// existingControlPlane checks that the stack file says nothing about a control
// plane that only whoever installs it can decide.
func (v *validator) existingControlPlane(path *field.Path, d Dapr) {
	if d.Namespace != "" {
		v.namespace(path.Child("namespace"), d.Namespace)
	}
	const allowed = "must not be given with install: false, which uses a control plane that is there already"
	install := path.Child("install").String()
	for _, own := range []struct {
		path  *field.Path
		given bool
	}{
		{path.Child("chart"), d.Chart.Repository != "" || d.Chart.Path != "" || d.Chart.Values != nil},
		{path.Child("ha"), d.HA},
		{path.Child("certificates"), d.Certificates != Certificates{}},
		{path.Child("logLevel"), d.LogLevel != ""},
		{path.Child("scheduler"), d.Scheduler != Scheduler{}},
		{root("keep").Child("crds"), v.stack.Keep.CRDs},
	} {
		if own.given {
			v.form(own.path, nil, allowed, install)
		}
	}
}

// controlPlane checks what the stack file says about the control plane that the
// stack installs.
func (v *validator) controlPlane(path *field.Path, d Dapr) {
	v.namespace(path.Child("namespace"), d.Namespace)
	if d.Namespace == "default" {
		v.form(path.Child("namespace"), d.Namespace, ownNamespace)
	}
	if d.Chart.Path != "" && d.Chart.Repository != "" {
		v.form(path.Child("chart", "repository"), d.Chart.Repository, "must not be given together with path")
	}
	if u, err := url.Parse(d.Chart.Repository); d.Chart.Repository != "" && (err != nil || u.Host == "") {
		v.form(path.Child("chart", "repository"), d.Chart.Repository, "must be a URL such as "+DefaultChartRepository)
	}
	if _, given := nested(d.Chart.Values, "dapr_sentry", "tls"); given {
		v.form(path.Child("chart", "values", "dapr_sentry", "tls"), nil, "must not be given: the stack makes Dapr's certificates, see dapr.certificates")
	}
	v.certificates(path.Child("certificates"), d.Certificates)
	if !slices.Contains(rules.LogLevels, d.LogLevel) {
		v.form(path.Child("logLevel"), d.LogLevel, "must be one of "+strings.Join(rules.LogLevels, ", "))
	}
	v.storageClass(path.Child("scheduler", "storageClass"), d.Scheduler.StorageClass)
	if !d.Scheduler.InMemory {
		v.quantity(path.Child("scheduler", "storage"), d.Scheduler.Storage)
	} else if d.Scheduler.Storage != "" || d.Scheduler.StorageClass != "" {
		v.form(path.Child("scheduler", "inMemory"), true, "must not be given together with storage or storageClass")
	}
}

// longestCertificate keeps the dates of a certificate in the range that it can
// hold.
const longestCertificate = 100 * 365 * 24 * time.Hour

func (v *validator) certificates(path *field.Path, c Certificates) {
	whole := true
	for key, d := range map[string]*Duration{
		"rootLifetime": c.RootLifetime, "issuerLifetime": c.IssuerLifetime, "renewBefore": c.RenewBefore,
	} {
		if d.Duration < time.Hour || d.Duration > longestCertificate || d.Duration%time.Hour != 0 {
			v.form(path.Child(key), d, "must be whole hours, from 1h to 876000h")
			whole = false
		}
	}
	if !whole {
		return
	}
	if c.IssuerLifetime.Duration > c.RootLifetime.Duration {
		v.form(path.Child("issuerLifetime"), c.IssuerLifetime, "must be at most rootLifetime, "+c.RootLifetime.String(),
			path.Child("rootLifetime").String())
	}
	if c.RenewBefore.Duration >= c.IssuerLifetime.Duration {
		v.form(path.Child("renewBefore"), c.RenewBefore, "must be less than issuerLifetime, "+c.IssuerLifetime.String(),
			path.Child("issuerLifetime").String())
	}
}

// nested returns the value at a path of Helm values, and whether it exists.
func nested(values map[string]any, path ...string) (any, bool) {
	var value any = values
	for _, key := range path {
		m, _ := value.(map[string]any)
		var ok bool
		if value, ok = m[key]; !ok {
			return nil, false
		}
	}
	return value, true
}

func (v *validator) redis() {
	r, path := v.stack.Redis, root("redis")
	if r.External != nil {
		v.externalRedis(r, path)
		return
	}
	v.image(path.Child("image"), r.Image)
	v.add(path.Child("image"), r.Image, rules.RedisImage(r.Image))
	if r.ExistingClaim == "" {
		v.quantity(path.Child("storage"), r.Storage)
		v.storageClass(path.Child("storageClass"), r.StorageClass)
	} else {
		v.name(path.Child("existingClaim"), r.ExistingClaim)
		if r.Storage != "" || r.StorageClass != "" {
			v.form(path.Child("existingClaim"), r.ExistingClaim, "must not be given together with storage or storageClass", "redis.storage", "redis.storageClass")
		}
	}
	v.resources(path.Child("resources"), r.Resources)
	if r.Fsync != "always" && r.Fsync != "everysec" {
		v.form(path.Child("fsync"), r.Fsync, "must be one of always, everysec")
	}
	v.add(path.Child("password"), nil, rules.RedisPassword(r.Password.Reveal()))
	limit, err := parseQuantity(r.Resources.Limits["memory"])
	if err != nil {
		return // reported there; the default of maxMemory follows from it
	}
	memory := v.quantity(path.Child("maxMemory"), r.MaxMemory)
	if memory != nil && memory.Cmp(limit) >= 0 {
		v.form(path.Child("maxMemory"), r.MaxMemory, "must be less than the memory limit, "+limit.String(), "redis.resources.limits.memory")
	}
}

func (v *validator) externalRedis(r Redis, path *field.Path) {
	e, external := r.External, path.Child("external")
	for _, own := range []struct {
		key   string
		given bool
	}{
		{"image", r.Image != ""}, {"storage", r.Storage != ""}, {"storageClass", r.StorageClass != ""},
		{"existingClaim", r.ExistingClaim != ""},
		{"maxMemory", r.MaxMemory != ""}, {"fsync", r.Fsync != ""}, {"password", r.Password != ""},
		{"resources", r.Resources.Requests != nil || r.Resources.Limits != nil},
	} {
		if own.given {
			v.form(path.Child(own.key), nil, "must not be given together with external")
		}
	}
	v.externalAddress(external, *e)
	v.externalTLS(external, *e)
	if e.InsecureSkipTLSVerify {
		v.add(external.Child("insecureSkipTLSVerify"), true,
			rules.MetadataSince(rules.StateRedis, "insecureSkipTLSVerify", v.stack.Dapr.Version), "dapr.version")
	}
	v.add(external.Child("username"), e.Username, rules.RedisUsername(e.Username))
	v.add(external, nil, rules.Credentials(*e.Auth, e.Username, v.passwords(external, e.Password, e.PasswordSecret)))
}

// externalAddress checks where an external Redis is.
func (v *validator) externalAddress(path *field.Path, e ExternalRedis) {
	v.add(path.Child("host"), e.Host, rules.RedisHosts(e.Host, e.Cluster || e.Sentinel != nil),
		path.Child("cluster").String(), path.Child("sentinel").String())
	switch {
	case e.Database < 0:
		v.form(path.Child("database"), e.Database, "must be 0 or more")
	case e.Cluster && e.Database != 0:
		v.form(path.Child("database"), e.Database, "must be 0: a Redis Cluster has no other", path.Child("cluster").String())
	}
	if e.Sentinel == nil {
		return
	}
	s, sentinel := e.Sentinel, path.Child("sentinel")
	if e.Cluster {
		v.form(sentinel, nil, "must not be given together with cluster, which has no sentinels", path.Child("cluster").String())
	}
	if s.MasterName == "" {
		v.form(sentinel.Child("masterName"), nil, "is required")
	} else {
		v.add(sentinel.Child("masterName"), s.MasterName, rules.MetadataItem(rules.StateRedis, "sentinelMasterName", s.MasterName))
	}
	if s.Username != "" {
		v.add(sentinel.Child("username"), s.Username, rules.MetadataItem(rules.StateRedis, "sentinelUsername", s.Username))
	}
	v.add(sentinel, nil, rules.SentinelCredentials(s.Username, v.passwords(sentinel, s.Password, s.PasswordSecret)))
}

// passwords checks the two ways to give a password, and returns how many are given.
func (v *validator) passwords(path *field.Path, password Secret, ref *SecretKey) (given int) {
	v.add(path.Child("password"), nil, rules.RedisPassword(password.Reveal()))
	if password != "" {
		given++
	}
	if ref != nil {
		given++
		v.existingSecret(path.Child("passwordSecret"), *ref)
	}
	return given
}

// existingSecret checks a reference to a Secret that the stack does not make and
// that its components need.
func (v *validator) existingSecret(path *field.Path, ref SecretKey) {
	v.secretKey(path, ref)
	v.add(path, nil, rules.SecretBefore(*v.stack.CreateNamespace), "createNamespace")
}

// externalTLS checks how the connection to an external Redis is encrypted.
func (v *validator) externalTLS(path *field.Path, e ExternalRedis) {
	at := func(key string) *field.Path { return path.Child(key) }
	for _, k := range []struct {
		key   string
		given bool
	}{
		{"insecureSkipTLSVerify", e.InsecureSkipTLSVerify}, {"caCert", e.CACert != ""}, {"caCertSecret", e.CACertSecret != nil},
		{"clientCert", e.ClientCert != ""}, {"clientKey", e.ClientKey != ""}, {"clientCertSecret", e.ClientCertSecret != ""},
	} {
		if k.given && !e.EnableTLS {
			v.add(at(k.key), nil, []rules.Reason{{Rule: "T-08", Allowed: "must not be given without enableTLS: true"}}, at("enableTLS").String())
		}
	}
	for _, k := range []struct {
		key, other  string
		given, also bool
	}{
		{"caCertSecret", "caCert", e.CACertSecret != nil, e.CACert != ""},
		{"insecureSkipTLSVerify", "caCert", e.InsecureSkipTLSVerify, e.CACert != ""},
		{"insecureSkipTLSVerify", "caCertSecret", e.InsecureSkipTLSVerify, e.CACertSecret != nil},
		{"clientCertSecret", "clientCert", e.ClientCertSecret != "", e.ClientCert != ""},
		{"clientCertSecret", "clientKey", e.ClientCertSecret != "", e.ClientKey != ""},
	} {
		if k.given && k.also {
			v.form(at(k.key), nil, "must not be given together with "+k.other, at(k.other).String())
		}
	}
	if e.CACert != "" {
		v.add(at("caCert"), nil, rules.Certificates(e.CACert))
	}
	if e.CACertSecret != nil {
		v.existingSecret(at("caCertSecret"), *e.CACertSecret)
	}
	if e.ClientCertSecret != "" {
		v.name(at("clientCertSecret"), e.ClientCertSecret)
		v.add(at("clientCertSecret"), nil, rules.SecretBefore(*v.stack.CreateNamespace), "createNamespace")
	}
	switch {
	case e.ClientCert == "" && e.ClientKey != "":
		v.form(at("clientKey"), nil, "must not be given without clientCert", at("clientCert").String())
	case e.ClientCert != "" && e.ClientKey == "":
		v.form(at("clientCert"), nil, "must not be given without clientKey", at("clientKey").String())
	case e.ClientCert != "":
		if reasons := rules.Certificates(e.ClientCert); reasons != nil {
			v.add(at("clientCert"), nil, reasons)
			return
		}
		v.add(at("clientKey"), nil, rules.KeyPair(e.ClientCert, e.ClientKey.Reveal()), at("clientCert").String())
	}
}
