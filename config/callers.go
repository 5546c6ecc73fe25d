package config

import (
	"slices"

	"github.com/daprstack/daprstack/config/rules"
	"k8s.io/apimachinery/pkg/util/validation/field"
)

// Callers returns the apps that may invoke an app: those of the stack whose invokes
// name it, then those of other namespaces and stacks. Namespaces are filled in.
func (s *Stack) Callers(appID string) (callers []Caller) {
	target, _ := s.App(appID)
	for _, a := range s.Apps {
		if a.Sidecar == nil || !slices.Contains(a.Invokes, appID) {
			continue
		}
		caller := Caller{App: a.Sidecar.AppID}
		for _, c := range target.Callers {
			if c.App == caller.App && c.Namespace == "" {
				caller = c
			}
		}
		callers = append(callers, caller)
	}
	for _, c := range target.Callers {
		if c.Namespace != "" {
			callers = append(callers, c)
		}
	}
	return callers
}

// invokes checks what an app invokes.
func (v *validator) invokes(path *field.Path, a App, own string) {
	at := func(i int) *field.Path { return path.Index(i) }
	v.addEach(rules.Targets(own, a.Invokes), a.Invokes, at)
	direct := a.Sidecar == nil || !*v.stack.Dapr.Enabled
	for i, target := range a.Invokes {
		if _, namespace := rules.SplitTarget(target); namespace == "" {
			if !v.knownApp("I-01", at(i), target) || !v.runsOn(at(i), target) {
				continue
			}
			v.called(at(i), target)
			if direct {
				v.plainHTTP(at(i), target)
			}
		} else {
			v.add(at(i), target, rules.TargetElsewhere(target, v.stack.Namespace, v.appIDs), "namespace", "apps[].sidecar.appId")
			if direct && v.peers[target] == "" {
				v.form(at(i), target, "must have its address in peers: it is called without a sidecar here", "peers", "dapr.enabled")
			}
		}
	}
}

// callers checks who may invoke an app beside or instead of those whose invokes name
// it, and what they may ask for.
func (v *validator) callers(path *field.Path, a App) {
	if len(a.Callers) == 0 {
		return
	}
	app, path := path, path.Child("callers")
	switch {
	case a.Sidecar == nil:
		v.form(path, nil, "must be left out: the app has no sidecar, which would refuse others", app.Child("sidecar").String())
		return
	case *v.stack.Dapr.Enabled && !v.stack.AccessControlled():
		v.form(path, nil, "must be left out where everybody may invoke every app", "dapr.enabled", "dapr.mtls",
			"dapr.configuration.accessControl.defaultAction")
	}
	id := a.Sidecar.AppID
	names := make([]string, len(a.Callers))
	for i, c := range a.Callers {
		at := path.Index(i)
		names[i] = c.App
		if c.Namespace == "" {
			v.add(at.Child("app"), c.App, v.caller(c.App, id), "apps[].sidecar.appId", "apps[].invokes", at.Child("namespace").String())
		} else {
			names[i] += "." + c.Namespace
			if r := rules.TargetElsewhere(names[i], v.stack.Namespace, v.appIDs); r != nil {
				v.add(at, names[i], []rules.Reason{{Rule: "I-07", Allowed: "must be an app-id and a namespace; an app of this stack has no namespace"}},
					"namespace", "apps[].sidecar.appId")
			}
		}
		v.operations(at.Child("operations"), c, a)
	}
	v.addEach(rules.Repeated("I-07", names), names, func(i int) *field.Path { return path.Index(i).Child("app") })
}

// caller checks that a caller of the stack invokes an app.
func (v *validator) caller(caller, target string) []rules.Reason {
	if caller == target {
		return broken("I-07", "must be another app")
	}
	invoking := rules.Names{}
	for id, a := range v.apps {
		if slices.Contains(a.Invokes, target) {
			invoking[id] = true
		}
	}
	return rules.Known("I-07", "an app of the stack whose invokes name this one, or have a namespace", caller, invoking)
}

func (v *validator) operations(path *field.Path, c Caller, a App) {
	operations := make([]rules.Operation, len(c.Operations))
	for i, o := range c.Operations {
		operations[i] = rules.Operation(o)
	}
	protocol := a.Protocol(a.AppPort())
	found := rules.Operations(operations, protocol == "grpc" || protocol == "grpcs")
	for i, o := range c.Operations {
		v.add(path.Index(i), o.Path, found[i], "apps[].sidecar."+rules.OptionAppProtocol)
	}
}

// peerAddresses checks the addresses of apps that are not of the stack.
func (v *validator) peerAddresses() {
	names := make([]string, len(v.stack.Peers))
	at := func(i int) *field.Path { return root("peers").Index(i) }
	for i, p := range v.stack.Peers {
		names[i] = p.App
		switch _, namespace := rules.SplitTarget(p.App); {
		case p.App == "":
			v.form(at(i).Child("app"), nil, "is required")
		case namespace == "":
			v.form(at(i).Child("app"), p.App, "must be app-id.namespace, as in invokes")
		default:
			v.add(at(i).Child("app"), p.App, rules.TargetElsewhere(p.App, v.stack.Namespace, v.appIDs), "namespace", "apps[].sidecar.appId")
		}
		if p.URL == "" {
			v.form(at(i).Child("url"), nil, "is required")
		} else {
			v.add(at(i).Child("url"), p.URL, rules.BaseURL(p.URL))
		}
	}
	v.addEach(rules.Duplicates("", names), names, func(i int) *field.Path { return at(i).Child("app") })
}
