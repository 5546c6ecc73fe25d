package config

import (
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/daprstack/daprstack/config/rules"
	"k8s.io/apimachinery/pkg/api/validate/content"
	"k8s.io/apimachinery/pkg/util/validation"
	"k8s.io/apimachinery/pkg/util/validation/field"
)

func (v *validator) applications() {
	switch {
	case v.stack.Apps == nil:
		v.form(root("apps"), nil, "is required: the applications, or [] for a stack that is the control plane alone")
	case v.stack.IsPlatform() && !v.stack.InstallsDapr():
		v.form(root("apps"), nil, "must not be empty in a stack that installs no control plane either", "dapr.enabled", "dapr.install")
	}
	names, ids := make([]string, len(v.stack.Apps)), make([]string, len(v.stack.Apps))
	at := func(i int) *field.Path { return root("apps").Index(i) }
	for i, a := range v.stack.Apps {
		names[i] = a.Name
		v.app(at(i), a)
		v.ports(at(i), a)
		if a.Sidecar != nil {
			ids[i] = a.Sidecar.AppID
			v.sidecar(at(i), a)
		}
		v.invokes(at(i).Child("invokes"), a, ids[i])
		v.callers(at(i), a)
		v.environment(at(i), a)
	}
	v.addEach(rules.Duplicates("", names), names, func(i int) *field.Path { return at(i).Child("name") })
	v.addEach(rules.Duplicates("S-03", ids), ids, func(i int) *field.Path { return at(i).Child("sidecar", "appId") })
}

var pullPolicies = []string{"Always", "IfNotPresent", "Never"}

func (v *validator) app(path *field.Path, a App) {
	switch {
	case a.Name == "":
		v.form(path.Child("name"), nil, "is required")
	case !valid(validation.IsDNS1035Label, a.Name):
		v.form(path.Child("name"), a.Name, "must be a DNS-1035 label: lower-case letters, digits and hyphens, "+
			"starting with a letter, at most 63 characters")
	case a.Name == "default":
		v.form(path.Child("name"), a.Name, "must not be default: every namespace has a ServiceAccount of that name")
	case a.Name == "redis-master", strings.HasSuffix(a.Name, "-dapr") && v.appIDs[strings.TrimSuffix(a.Name, "-dapr")]:
		v.form(path.Child("name"), a.Name, "must not be the name of another Service of the stack")
	}
	v.image(path.Child("image"), a.Image)
	if !slices.Contains(pullPolicies, a.ImagePullPolicy) {
		v.form(path.Child("imagePullPolicy"), a.ImagePullPolicy, "must be one of Always, IfNotPresent, Never")
	}
	v.kind(path, a)
	v.scale(path, a)
	v.service(path, a)
	if a.User != nil && (*a.User < 1 || *a.User > math.MaxInt32) {
		v.form(path.Child("user"), *a.User, "must be a user other than root, of 32 bits")
	}
	v.health(path, a)
	at := func(i int) *field.Path { return path.Child("writablePaths").Index(i) }
	for i, dir := range a.WritablePaths {
		if len(dir) < 2 || dir[0] != '/' || strings.Contains(dir, ":") {
			v.form(at(i), dir, "must be an absolute directory, without a colon")
		}
	}
	v.addEach(rules.Repeated("", a.WritablePaths), a.WritablePaths, at)
	v.resources(path.Child("resources"), a.Resources)
	v.pod(path, a)
}

// health checks the path of the probes, which only an HTTP app has.
func (v *validator) health(path *field.Path, a App) {
	at, sidecar := path.Child("healthPath"), path.Child("sidecar")
	switch protocol := a.Protocol(a.Port); {
	case a.Port == 0:
		if a.HealthPath != "" {
			v.add(at, a.HealthPath, inPod("A-02", "must not be given for an app without a port"), path.Child("port").String())
		}
	case !slices.Contains(notPlain, protocol):
		if rules.HandlerPath(a.HealthPath) != nil {
			v.form(at, a.HealthPath, "must be an absolute path such as /healthz")
		}
	case a.HealthPath != "":
		v.form(at, a.HealthPath, "must not be given with appProtocol "+protocol+": the probes ask no path of such an app",
			sidecar.Child("appPort").String(), sidecar.Child(rules.OptionAppProtocol).String())
	}
}

func (v *validator) ports(path *field.Path, a App) {
	numbers, names := map[int]bool{a.Port: true}, rules.NamesOf("http")
	if a.Port != 0 {
		v.containerPort(path.Child("port"), a, a.Port)
	}
	for i, p := range a.Ports {
		at := path.Child("ports").Index(i)
		v.containerPort(at.Child("port"), a, p.Port)
		if p.Port != 0 && numbers[p.Port] {
			v.form(at.Child("port"), p.Port, "must be unique in the app", path.Child("port").String())
		}
		switch {
		case !valid(validation.IsValidPortName, p.Name):
			v.form(at.Child("name"), p.Name, "must be lower-case letters, at least one, digits and single hyphens, at most 15 characters")
		case names[p.Name]:
			v.form(at.Child("name"), p.Name, "must be unique in the app; http is its main port")
		}
		numbers[p.Port], names[p.Name] = true, true
	}
}

// containerPort checks a port of an app: its range, and that daprd, which
// shares the pod's network, does not use it.
func (v *validator) containerPort(path *field.Path, a App, p int) {
	switch {
	case p == 0: // left out
		v.form(path, nil, "is required, a port between 1 and 65535", parent(path.String())+".kind")
	case rules.AppPort(p) != nil:
		v.form(path, p, rules.AppPort(p)[0].Allowed)
	case a.Sidecar != nil:
		v.add(path, p, rules.ContainerPort(p))
	}
}

func (v *validator) sidecar(app *field.Path, a App) {
	path, s, exposed := app.Child("sidecar"), a.Sidecar, slices.Concat(a.ContainerPorts(), a.besidePorts())
	ports := []string{app.Child("port").String(), app.Child("ports").String()}
	v.add(path.Child("appId"), s.AppID, rules.AppID(s.AppID))
	if s.AppPort != nil {
		v.appPort(path.Child("appPort"), a, *s.AppPort, exposed, ports)
	}
	v.options(app, a)
	if port := s.Options.Number(rules.OptionMetricsPort); s.Options.On(rules.OptionEnableMetrics) {
		v.add(path.Child(rules.OptionMetricsPort), port, rules.MetricsPort(port, exposed), ports...)
	}
	for _, name := range slices.Sorted(maps.Keys(s.SecretVolumes)) {
		at := child(path.Child("secretVolumes"), name)
		if !valid(content.IsDNS1123Label, name) {
			v.form(at, nil, "must be named by a DNS-1123 label, at most 63 characters")
		}
		if strings.HasPrefix(name, "writable-") || strings.HasPrefix(name, "dapr-") {
			v.form(at, nil, "must not be named as volumes of the stack and of Dapr are, writable-… and dapr-…")
		}
		v.name(at, s.SecretVolumes[name])
	}
	v.add(path.Child("config"), s.Config,
		rules.Known("S-09", "the name of the stack's Configuration", s.Config, rules.NamesOf(v.stack.Dapr.Configuration.Name)),
		"dapr.configuration.name")
	v.resources(path.Child("resources"), s.Resources)
}

func (v *validator) appPort(path *field.Path, a App, port int, exposed []int, by []string) {
	if r := rules.AppPort(port); r != nil {
		// A bad port of the app is reported there, not here as well.
		if port != a.Port {
			v.add(path, port, r)
		}
	} else if a.Port == 0 || rules.AppPort(a.Port) == nil {
		v.add(path, port, rules.AppPortExposed(port, exposed), by...)
	}
}

// besidePorts returns the ports of the containers beside that of the app.
func (a App) besidePorts() (ports []int) {
	for _, m := range a.Containers {
		for _, p := range manifestsAt(m, "ports") {
			if n, ok := p["containerPort"].(int); ok {
				ports = append(ports, n)
			}
		}
	}
	return ports
}

// runsOn checks that an app that others call does not end by itself (W-04).
func (v *validator) runsOn(path *field.Path, appID string) bool {
	a := v.apps[appID]
	if !a.Ends() {
		return true
	}
	v.add(path, appID, broken("W-04", "must be an app that runs on: the pods of a "+a.Kind+" end by themselves"), "apps[].kind")
	return false
}

// called checks that an app that is called has a port.
func (v *validator) called(path *field.Path, appID string) {
	if a := v.apps[appID]; a.Port == 0 {
		v.add(path, appID, inPod("A-01", "must be an app with a port: nobody can call this one"), "apps[].port", "apps[].sidecar.appId")
	}
}

// plainHTTP checks that an app that is called without a sidecar serves plain
// HTTP: only a sidecar would speak another protocol with it.
func (v *validator) plainHTTP(path *field.Path, appID string) {
	a := v.apps[appID]
	if !a.HasService() {
		v.add(path, appID, broken("W-05", "must be an app that has a Service: it is called without a sidecar here"), "dapr.enabled", "apps[].service", "apps[].port")
		return
	}
	if protocol := a.Protocol(a.Port); slices.Contains(notPlain, protocol) {
		v.form(path, appID, "must be an app that serves HTTP: it is called without a sidecar here, and speaks "+protocol,
			"dapr.enabled", "apps[].sidecar.appPort", "apps[].sidecar."+rules.OptionAppProtocol)
	}
}

// environment checks the variables of an app: all are well-formed, and none is
// given twice, whether by the stack file or by the stack itself (C-01).
func (v *validator) environment(path *field.Path, a App) {
	set := rules.Names{}
	for _, own := range v.stack.environment(a, v.lookup) {
		if set[own.Name] {
			v.add(path, nil, []rules.Reason{{Rule: "C-01", Allowed: "the names of its peers, stores and events must give " +
				"different variables: " + strconv.Quote(own.Name) + " stands for two"}}, "stateStores[].name", "events[].type")
		}
		set[own.Name] = true
	}
	check := func(key, name string) *field.Path {
		p := child(path.Child(key), name)
		switch {
		case !valid(content.IsCIdentifier, name):
			v.form(p, nil, "must be named with letters, digits and underscores, not starting with a digit")
		case set[name]:
			v.add(p, nil, []rules.Reason{{Rule: "C-01", Allowed: "must not be given: the stack sets it, or it is given twice"}})
		}
		set[name] = true
		return p
	}
	for _, name := range slices.Sorted(maps.Keys(a.Env)) {
		check("env", name)
	}
	for _, name := range slices.Sorted(maps.Keys(a.SecretEnv)) {
		v.secretKey(check("secretEnv", name), a.SecretEnv[name])
	}
	for _, name := range slices.Sorted(maps.Keys(a.ConfigEnv)) {
		v.configKey(check("configEnv", name), a.ConfigEnv[name])
	}
}
