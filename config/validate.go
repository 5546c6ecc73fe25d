package config

import (
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/daprstack/daprstack/config/rules"
	"k8s.io/apimachinery/pkg/api/resource"
	"k8s.io/apimachinery/pkg/util/validation/field"
)

// Validate checks a stack whose defaults are filled in against every rule that
// can be judged before anything is deployed. The error is an [Errors] with all
// problems at once.
func Validate(s *Stack) error { return validate(s, nil) }

func validate(s *Stack, hidden map[string]bool) error {
	v := &validator{collector: collector{hidden: hidden}, stack: s, index: newIndex(s)}
	v.cluster()
	v.dapr()
	v.redis()
	v.components()
	v.events()
	v.apps()
	return v.errors()
}

// validator walks a stack and asks package rules about each value; what it adds
// is the path.
type validator struct {
	collector
	stack *Stack
	index
}

// index is what references in a stack can name.
type index struct {
	sidecars    []string            // app-ids
	pubSubs     []string            // names
	pubSub      map[string]PubSub   // by name
	publishers  map[string][]string // of each pub/sub: the app-ids that publish there
	subscribers map[string][]string // of each pub/sub: the app-ids that subscribe there
}

func newIndex(s *Stack) index {
	x := index{
		pubSub:     map[string]PubSub{},
		publishers: map[string][]string{}, subscribers: map[string][]string{},
	}
	for _, a := range s.Apps {
		if a.Sidecar != nil && a.Sidecar.AppID != "" {
			x.sidecars = append(x.sidecars, a.Sidecar.AppID)
		}
	}
	for _, p := range s.PubSubs {
		x.pubSubs = append(x.pubSubs, p.Name)
		x.pubSub[p.Name] = p
	}
	for _, e := range s.Events {
		for _, app := range e.Publishers {
			x.publishers[e.PubSub] = appendNew(x.publishers[e.PubSub], app)
		}
		for _, sub := range e.Subscribers {
			x.subscribers[e.PubSub] = appendNew(x.subscribers[e.PubSub], sub.App)
		}
	}
	return x
}

func appendNew(list []string, item string) []string {
	if slices.Contains(list, item) {
		return list
	}
	return append(list, item)
}

// cluster checks where the stack goes.
func (v *validator) cluster() {
	s := v.stack
	if s.Context == "" {
		v.form(root("context"), nil, "is required: the kubeconfig context to deploy to, the only cluster that is touched")
	}
	v.namespace(root("namespace"), s.Namespace)
	if s.Namespace == s.Dapr.Namespace && s.Namespace != "" {
		v.form(root("namespace"), s.Namespace, "must differ from the namespace of the control plane")
	}
	for i, name := range s.ImagePullSecrets {
		v.name(root("imagePullSecrets").Index(i), name)
	}
}

// reservedNamespaces belong to the cluster: a stack that removes what it made
// must never have one of them as its own.
var reservedNamespaces = []string{"default", "kube-system", "kube-public", "kube-node-lease"}

func (v *validator) namespace(path *field.Path, name string) {
	switch {
	case name == "":
		v.form(path, nil, "is required")
	case !isLabel(name, 63):
		v.form(path, name, "must be a DNS-1123 label, at most 63 characters")
	case slices.Contains(reservedNamespaces, name):
		v.form(path, name, "must be a namespace of the stack's own: destroy removes it")
	}
}

func (v *validator) name(path *field.Path, name string) {
	switch {
	case name == "":
		v.form(path, nil, "is required")
	case rules.ComponentName(name) != nil:
		v.form(path, name, "must be a DNS-1123 name")
	}
}

var (
	version  = regexp.MustCompile(`^\d+\.\d+\.\d+(-[0-9A-Za-z.-]+)?$`)
	label    = regexp.MustCompile(`^[a-z0-9]([-a-z0-9]*[a-z0-9])?$`)
	portName = regexp.MustCompile(`^[a-z0-9]([-a-z0-9]*[a-z0-9])?$`)
	variable = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)
	// An image reference: everything that no registry client accepts is out,
	// the rest is the registry's to judge.
	image = regexp.MustCompile(`^[a-zA-Z0-9][\w.\-:/@]*$`)
	// What redis.conf takes between double quotes without any escaping.
	redisPassword = regexp.MustCompile(`^[!#-\[\]-~]+$`)
)

func isLabel(s string, max int) bool { return len(s) <= max && label.MatchString(s) }

func (v *validator) dapr() {
	d, path := v.stack.Dapr, root("dapr")
	if !version.MatchString(d.Version) {
		v.form(path.Child("version"), d.Version, "must be a full version such as %s", DefaultDaprVersion)
	}
	v.namespace(path.Child("namespace"), d.Namespace)
	if d.Chart.Path != "" && d.Chart.Repository != "" {
		v.form(path.Child("chart", "repository"), d.Chart.Repository, "must not be given together with path")
	}
	if !slices.Contains(rules.LogLevels, d.LogLevel) {
		v.form(path.Child("logLevel"), d.LogLevel, "must be one of %s", strings.Join(rules.LogLevels, ", "))
	}
	if !d.Scheduler.InMemory {
		v.quantity(path.Child("scheduler", "storage"), d.Scheduler.Storage)
	} else if d.Scheduler.Storage != "" || d.Scheduler.StorageClass != "" {
		v.form(path.Child("scheduler", "inMemory"), true, "must not be given together with storage or storageClass")
	}
	v.add(path.Child("configuration", "name"), d.Configuration.Name, asRule("S-09", rules.ComponentName(d.Configuration.Name))...)
	tracing := d.Configuration.Tracing
	if rate, err := strconv.ParseFloat(tracing.SamplingRate, 64); err != nil || !(rate >= 0 && rate <= 1) {
		v.form(path.Child("configuration", "tracing", "samplingRate"), tracing.SamplingRate, `must be text from "0" to "1"`)
	}
	if tracing.Otel != "" && rules.RedisHost(tracing.Otel) != nil {
		v.form(path.Child("configuration", "tracing", "otel"), tracing.Otel, "must be host:port")
	}
}

func (v *validator) redis() {
	r, path := v.stack.Redis, root("redis")
	if r.External != nil {
		v.externalRedis(r, path)
		return
	}
	v.image(path.Child("image"), r.Image)
	v.quantity(path.Child("storage"), r.Storage)
	v.resources(path.Child("resources"), r.Resources)
	if r.Fsync != "always" && r.Fsync != "everysec" {
		v.form(path.Child("fsync"), r.Fsync, "must be one of always, everysec")
	}
	v.password(path.Child("password"), r.Password)
	memory := v.quantity(path.Child("maxMemory"), r.MaxMemory)
	limit, err := resource.ParseQuantity(r.Resources.Limits["memory"])
	if err == nil && memory != nil && memory.Cmp(limit) >= 0 {
		v.form(path.Child("maxMemory"), r.MaxMemory, "must be less than the memory limit, %s", limit.String())
	}
}

func (v *validator) externalRedis(r Redis, path *field.Path) {
	e, external := r.External, path.Child("external")
	for _, own := range []struct {
		key   string
		given bool
	}{
		{"image", r.Image != ""}, {"storage", r.Storage != ""}, {"storageClass", r.StorageClass != ""},
		{"maxMemory", r.MaxMemory != ""}, {"fsync", r.Fsync != ""}, {"password", r.Password != ""},
		{"resources", r.Resources.Requests != nil || r.Resources.Limits != nil},
	} {
		if own.given {
			v.form(path.Child(own.key), nil, "must not be given together with external")
		}
	}
	v.add(external.Child("host"), e.Host, rules.RedisHost(e.Host)...)
	v.password(external.Child("password"), e.Password)
	if ref := e.PasswordSecret; ref != nil {
		v.secretKey(external.Child("passwordSecret"), *ref)
		if *v.stack.CreateNamespace {
			v.add(external.Child("passwordSecret"), nil, rules.Reason{Rule: "T-07", Allowed: "goes with " +
				"createNamespace: false: the Secret must be in the namespace before the stack"})
		}
	}
	given := 0
	if e.Password != "" {
		given++
	}
	if e.PasswordSecret != nil {
		given++
	}
	switch {
	case *e.Auth && given == 0:
		v.add(external, nil, rules.Reason{Rule: "T-06", Allowed: "password or passwordSecret is required, unless auth is false"})
	case *e.Auth && given == 2:
		v.add(external, nil, rules.Reason{Rule: "T-06", Allowed: "password and passwordSecret must not be given together"})
	case !*e.Auth && (given > 0 || e.Username != ""):
		v.add(external.Child("auth"), false, rules.Reason{Rule: "T-06", Allowed: "must not be false when a user or a password is given"})
	}
}

func (v *validator) password(path *field.Path, p Secret) {
	if p != "" && !redisPassword.MatchString(p.Reveal()) {
		v.add(path, nil, rules.Reason{Rule: "T-06", Allowed: "must be printable ASCII without spaces, quotes and backslashes"})
	}
}

// components checks what state stores and pub/subs have in common, then each
// kind.
func (v *validator) components() {
	type component struct {
		path                     *field.Path
		name, typ, version, kind string
		scopes                   []string
		metadata                 map[string]string
	}
	var all []component
	for i, s := range v.stack.StateStores {
		all = append(all, component{root("stateStores").Index(i), s.Name, s.Type, s.Version, rules.StateRedis, s.Scopes, s.Metadata})
	}
	for i, p := range v.stack.PubSubs {
		all = append(all, component{root("pubSubs").Index(i), p.Name, p.Type, p.Version, rules.PubSubRedis, p.Scopes, p.Metadata})
		v.pubSubDelivery(root("pubSubs").Index(i), p)
	}
	names := make([]string, len(all))
	for i, c := range all {
		names[i] = c.name
		v.add(c.path.Child("name"), c.name, rules.ComponentName(c.name)...)
		v.add(c.path.Child("type"), c.typ, rules.ComponentType(c.typ, c.kind)...)
		v.add(c.path.Child("version"), c.version, rules.Version(c.version)...)
		v.add(c.path.Child("scopes"), nil, rules.Scopes(c.scopes)...)
		for j, app := range c.scopes {
			v.add(c.path.Child("scopes").Index(j), app, v.app("T-09", app)...)
		}
		for _, key := range slices.Sorted(maps.Keys(c.metadata)) {
			v.add(c.path.Child("metadata", key), nil, rules.StackMetadataItem(c.kind, key, c.metadata[key])...)
		}
	}
	v.duplicates(names, func(i int) *field.Path { return all[i].path.Child("name") }, "T-01")
}

func (v *validator) pubSubDelivery(path *field.Path, p PubSub) {
	v.add(path.Child("consumerID"), p.ConsumerID, rules.ConsumerID(p.ConsumerID, len(v.subscribers[p.Name]))...)
	v.add(path.Child("redeliverInterval"), p.RedeliverInterval, rules.RedeliverInterval(p.RedeliverInterval.Duration)...)
	v.add(path.Child("processingTimeout"), p.ProcessingTimeout, rules.ProcessingTimeout(p.ProcessingTimeout.Duration)...)
	v.add(path.Child("maxRetries"), *p.MaxRetries, rules.MaxRetries(*p.MaxRetries)...)
	v.add(path.Child("retryInterval"), p.RetryInterval, rules.RetryInterval(p.RetryInterval.Duration)...)
	v.add(path.Child("handlerTimeout"), p.HandlerTimeout, rules.HandlerTimeout(p.HandlerTimeout.Duration)...)
	v.add(path.Child("retryPolicy"), p.RetryPolicy, rules.RetryPolicy(p.RetryPolicy)...)
	v.add(path.Child("processingTimeout"), p.ProcessingTimeout, rules.RetryBudget(rules.Retry{
		MaxRetries: *p.MaxRetries, Wait: p.RetryInterval.Duration, HandlerTimeout: p.HandlerTimeout.Duration,
	}, p.ProcessingTimeout.Duration)...)
	if p.StreamTTL != nil {
		v.add(path.Child("streamTTL"), p.StreamTTL, rules.Retention(p.StreamTTL.Duration)...)
	}
	if p.MaxLenApprox != nil {
		v.add(path.Child("maxLenApprox"), *p.MaxLenApprox, rules.MaxLenApprox(*p.MaxLenApprox, p.StreamTTL != nil)...)
	}
}

func (v *validator) events() {
	types := map[string][]string{} // of each pub/sub
	for i, e := range v.stack.Events {
		path := root("events").Index(i)
		v.add(path.Child("type"), e.Type, rules.EventType(e.Type)...)
		if slices.Contains(types[e.PubSub], e.Type) {
			v.add(path.Child("type"), e.Type, rules.Reason{Rule: "E-08", Allowed: "must be unique in its pub/sub"})
		}
		types[e.PubSub] = append(types[e.PubSub], e.Type)
		v.add(path.Child("source"), e.Source, rules.EventSource(e.Source, v.sidecars)...)
		v.add(path.Child("pubSub"), e.PubSub, rules.Known("X-01", "a pub/sub of the stack", e.PubSub, v.pubSubs)...)
		if len(e.Publishers) == 0 {
			v.add(path.Child("publishers"), nil, rules.Reason{Rule: "E-08", Allowed: "is required: an event has at least one publisher"})
		}
		for j, app := range e.Publishers {
			v.participant(path.Child("publishers").Index(j), app, e, slices.Contains(e.Publishers[:j], app))
		}
		for j, sub := range e.Subscribers {
			before := slices.ContainsFunc(e.Subscribers[:j], func(o Subscriber) bool { return o.App == sub.App })
			p := path.Child("subscribers").Index(j)
			v.participant(p.Child("app"), sub.App, e, before)
			v.add(p.Child("path"), sub.Path, rules.HandlerPath(sub.Path)...)
		}
	}
}

// participant checks an app that publishes or subscribes: it has a sidecar, the
// scopes of the pub/sub let it in, and it is named once.
func (v *validator) participant(path *field.Path, app string, e Event, again bool) {
	if r := v.app("X-01", app); r != nil {
		v.add(path, app, r...)
		return
	}
	if again {
		v.add(path, app, rules.Reason{Rule: "E-08", Allowed: "must be named once"})
	}
	if p, ok := v.pubSub[e.PubSub]; ok && !slices.Contains(p.Scopes, app) {
		v.add(path, app, rules.Reason{Rule: "X-01", Allowed: "must be in the scopes of " + strconv.Quote(p.Name)})
	}
}

// app checks a reference to an app by its app-id.
func (v *validator) app(rule, id string) []rules.Reason {
	return rules.Known(rule, "the app-id of an app of the stack that has a sidecar", id, v.sidecars)
}

func (v *validator) duplicates(values []string, path func(int) *field.Path, rule string) {
	for i, reasons := range rules.Duplicates(rule, values) {
		v.add(path(i), values[i], reasons...)
	}
}

func (v *validator) image(path *field.Path, ref string) {
	switch {
	case ref == "":
		v.form(path, nil, "is required")
	case !image.MatchString(ref):
		v.form(path, ref, "must be an image reference")
	}
}

func (v *validator) resources(path *field.Path, r Resources) {
	for _, side := range []struct {
		name   string
		values map[string]string
	}{{"requests", r.Requests}, {"limits", r.Limits}} {
		for _, key := range slices.Sorted(maps.Keys(side.values)) {
			p := path.Child(side.name, key)
			if key != "cpu" && key != "memory" && key != "ephemeral-storage" {
				v.form(p, nil, "unknown key; the keys here are cpu, ephemeral-storage, memory")
				continue
			}
			v.quantity(p, side.values[key])
		}
	}
	for _, key := range slices.Sorted(maps.Keys(r.Requests)) {
		request, err1 := resource.ParseQuantity(r.Requests[key])
		limit, err2 := resource.ParseQuantity(r.Limits[key])
		if err1 == nil && err2 == nil && request.Cmp(limit) > 0 {
			v.form(path.Child("requests", key), r.Requests[key], "must not be more than the limit, %s", limit.String())
		}
	}
}

// quantity checks a positive Kubernetes quantity and returns it, nil when it is
// none.
func (v *validator) quantity(path *field.Path, text string) *resource.Quantity {
	q, err := resource.ParseQuantity(text)
	if err != nil || q.Sign() <= 0 {
		v.form(path, text, "must be a positive Kubernetes quantity such as 500m or 1Gi")
		return nil
	}
	return &q
}

func (v *validator) secretKey(path *field.Path, ref SecretKey) {
	v.name(path.Child("name"), ref.Name)
	if ref.Key == "" {
		v.form(path.Child("key"), nil, "is required")
	}
}

// asRule gives reasons another number: the same form, asked for by another
// rule.
func asRule(rule string, reasons []rules.Reason) []rules.Reason {
	for i := range reasons {
		reasons[i].Rule = rule
	}
	return reasons
}

func root(key string) *field.Path { return field.NewPath(key) }
