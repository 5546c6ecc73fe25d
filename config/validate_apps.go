package config

import (
	"maps"
	"slices"

	"github.com/daprstack/daprstack/config/rules"
	"k8s.io/apimachinery/pkg/util/validation/field"
)

func (v *validator) apps() {
	if len(v.stack.Apps) == 0 {
		v.form(root("apps"), nil, "is required: a stack has at least one app")
	}
	names, ids := make([]string, len(v.stack.Apps)), make([]string, len(v.stack.Apps))
	for i, a := range v.stack.Apps {
		path := root("apps").Index(i)
		names[i] = a.Name
		v.appItself(path, a)
		if a.Sidecar != nil {
			ids[i] = a.Sidecar.AppID
			v.sidecar(path.Child("sidecar"), a)
		}
		v.environment(path, a)
		for j, id := range a.Invokes {
			p := path.Child("invokes").Index(j)
			v.add(p, id, v.app("I-01", id)...)
			if slices.Contains(a.Invokes[:j], id) {
				v.add(p, id, rules.Reason{Rule: "I-01", Allowed: "must be named once"})
			}
			if a.Sidecar != nil && id == a.Sidecar.AppID {
				v.add(p, id, rules.Reason{Rule: "I-01", Allowed: "must be another app"})
			}
		}
	}
	for i, reasons := range rules.Duplicates("", names) {
		v.add(root("apps").Index(i).Child("name"), names[i], reasons...)
	}
	v.duplicates(ids, func(i int) *field.Path { return root("apps").Index(i).Child("sidecar", "appId") }, "S-03")
}

func (v *validator) appItself(path *field.Path, a App) {
	switch {
	case a.Name == "":
		v.form(path.Child("name"), nil, "is required")
	case !isLabel(a.Name, 63) || a.Name[0] < 'a':
		v.form(path.Child("name"), a.Name, "must be a DNS-1035 label: lower-case letters, digits and hyphens, "+
			"starting with a letter, at most 63 characters")
	case slices.Contains(reservedNames, a.Name):
		v.form(path.Child("name"), a.Name, "must not be the name of another Service of the stack")
	}
	v.image(path.Child("image"), a.Image)
	if !slices.Contains(pullPolicies, a.ImagePullPolicy) {
		v.form(path.Child("imagePullPolicy"), a.ImagePullPolicy, "must be one of Always, IfNotPresent, Never")
	}
	if *a.Replicas < 0 {
		v.form(path.Child("replicas"), *a.Replicas, "must be 0 or more")
	}
	if *a.User < 1 {
		v.form(path.Child("user"), *a.User, "must be a user other than root")
	}
	if rules.HandlerPath(a.HealthPath) != nil {
		v.form(path.Child("healthPath"), a.HealthPath, "must be an absolute path such as /healthz")
	}
	for i, dir := range a.WritablePaths {
		if len(dir) < 2 || dir[0] != '/' {
			v.form(path.Child("writablePaths").Index(i), dir, "must be an absolute directory")
		}
	}
	v.resources(path.Child("resources"), a.Resources)
	v.ports(path, a)
}

var (
	reservedNames = []string{"redis-master"}
	pullPolicies  = []string{"Always", "IfNotPresent", "Never"}
)

func (v *validator) ports(path *field.Path, a App) {
	numbers, names := []int{a.Port}, []string{"http"}
	v.add(path.Child("port"), a.Port, v.containerPort(a, a.Port)...)
	for i, p := range a.Ports {
		at := path.Child("ports").Index(i)
		v.add(at.Child("port"), p.Port, v.containerPort(a, p.Port)...)
		if slices.Contains(numbers, p.Port) {
			v.form(at.Child("port"), p.Port, "must be unique in the app")
		}
		switch {
		case len(p.Name) > 15 || !portName.MatchString(p.Name):
			v.form(at.Child("name"), p.Name, "must be lower-case letters, digits and hyphens, at most 15 characters")
		case slices.Contains(names, p.Name):
			v.form(at.Child("name"), p.Name, "must be unique in the app; http is its main port")
		}
		numbers, names = append(numbers, p.Port), append(names, p.Name)
	}
}

// containerPort checks a port of an app: its range, and that daprd, which
// shares the pod's network, does not have it.
func (v *validator) containerPort(a App, p int) []rules.Reason {
	if p < 1 || p > 65535 {
		return []rules.Reason{{Allowed: "must be between 1 and 65535"}}
	}
	if a.Sidecar == nil {
		return nil
	}
	return rules.ContainerPort(p)
}

func (v *validator) sidecar(path *field.Path, a App) {
	s, exposed := a.Sidecar, a.ContainerPorts()
	v.add(path.Child("appId"), s.AppID, rules.AppID(s.AppID)...)
	if r := rules.AppPort(*s.AppPort); r != nil {
		// A bad port of the app is reported there, not again where it is the default.
		if *s.AppPort != a.Port {
			v.add(path.Child("appPort"), *s.AppPort, r...)
		}
	} else {
		v.add(path.Child("appPort"), *s.AppPort, rules.AppPortExposed(*s.AppPort, exposed)...)
	}
	v.add(path.Child("logLevel"), s.LogLevel, rules.LogLevel(s.LogLevel)...)
	if *s.EnableMetrics {
		v.add(path.Child("metricsPort"), *s.MetricsPort, rules.MetricsPort(*s.MetricsPort, exposed)...)
	}
	v.add(path.Child("config"), s.Config,
		rules.Known("S-09", "the name of the stack's Configuration", s.Config, []string{v.stack.Dapr.Configuration.Name})...)
	v.resources(path.Child("resources"), s.Resources)
}

// environment checks the variables that an app is given: well-formed, and none
// twice, whether it is written in the stack file or set by the stack (C-01).
func (v *validator) environment(path *field.Path, a App) {
	set := map[string]bool{}
	for _, name := range v.stack.VariableNames(a) {
		if set[name] {
			v.add(path, nil, rules.Reason{Rule: "C-01", Allowed: "the names of its peers, stores and events must give " +
				"different variables: " + name + " stands for two"})
		}
		set[name] = true
	}
	check := func(key, name string) {
		p := path.Child(key, name)
		switch {
		case !variable.MatchString(name):
			v.form(p, nil, "must be named with letters, digits and underscores, not starting with a digit")
		case set[name]:
			v.add(p, nil, rules.Reason{Rule: "C-01", Allowed: "must not be given: the stack sets it, or it is given twice"})
		}
		set[name] = true
	}
	for _, name := range slices.Sorted(maps.Keys(a.Env)) {
		check("env", name)
	}
	for _, name := range slices.Sorted(maps.Keys(a.SecretEnv)) {
		check("secretEnv", name)
		v.secretKey(path.Child("secretEnv", name), a.SecretEnv[name])
	}
}
