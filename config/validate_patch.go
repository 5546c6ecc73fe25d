package config

import (
	"maps"
	"slices"
	"strings"

	"github.com/daprstack/daprstack/config/rules"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/strategicpatch"
	"k8s.io/apimachinery/pkg/util/validation/field"
)

// podPatch checks that a patch leaves alone what the stack relies on.
func (v *validator) podPatch(path *field.Path, a App) {
	p := patchChecker{v, path, a}
	p.whole(path, a.PodPatch)
	p.metadata(path.Child("metadata"), p.part(path.Child("metadata"), a.PodPatch, "metadata"))
	spec := p.part(path.Child("spec"), a.PodPatch, "spec")
	p.instead(path.Child("spec"), spec, insteadOfPod)
	for _, list := range []string{"containers", "initContainers"} {
		p.containers(path.Child("spec", list), spec, list)
	}
	if len(v.found) == 0 { // else they say it better
		p.try()
	}
}

// try applies the patches to a pod with what every app has, and reports what Kubernetes'
// own implementation does not take.
func (p patchChecker) try() {
	container := map[string]any{"name": p.app.Name, "env": []any{}, "securityContext": map[string]any{}, "resources": map[string]any{}}
	template := map[string]any{
		"metadata": map[string]any{"labels": map[string]any{}, "annotations": map[string]any{}},
		"spec":     map[string]any{"containers": []any{container}, "securityContext": map[string]any{}, "volumes": []any{}},
	}
	for _, patch := range p.app.PodPatches() {
		merged, err := strategicpatch.StrategicMergeMapPatch(template, deepCopy(map[string]any(patch)).(map[string]any), corev1.PodTemplateSpec{})
		if err != nil {
			p.add(p.patch, nil, noFit("must be a strategic merge patch: %v", err))
			return
		}
		template = merged
	}
}

func deepCopy(v any) any {
	switch v := v.(type) {
	case map[string]any:
		m := make(map[string]any, len(v))
		for key, value := range v {
			m[key] = deepCopy(value)
		}
		return m
	case []any:
		list := make([]any, len(v))
		for i, item := range v {
			list[i] = deepCopy(item)
		}
		return list
	}
	return v
}

// The fields of a pod and of the app's container for which the stack file has a key
// that other parts of it are checked against.
var (
	insteadOfPod = map[string]string{
		"terminationGracePeriodSeconds": "terminationGracePeriod", "serviceAccountName": "serviceAccount.name", "serviceAccount": "serviceAccount.name",
		"automountServiceAccountToken": "serviceAccount.token", "imagePullSecrets": "imagePullSecrets, at the top level",
		"restartPolicy": "job.restartPolicy",
	}
	insteadOfContainer = map[string]string{
		"image": "image", "ports": "port and ports", "startupProbe": "probes.startup", "readinessProbe": "probes.readiness", "livenessProbe": "probes.liveness",
	}
)

type patchChecker struct {
	*validator
	patch *field.Path
	app   App
}

func (p patchChecker) refuse(at *field.Path, format string, args ...any) {
	p.add(at, nil, inPod("A-04", format, args...))
}

// part returns the object under a key, which may be neither taken away nor replaced.
func (p patchChecker) part(at *field.Path, of map[string]any, key string) map[string]any {
	in, given := of[key]
	if given && in == nil {
		p.refuse(at, "must not be taken away")
	}
	entries, _ := entriesOf(in)
	p.whole(at, entries)
	return entries
}

// whole refuses the directives that would replace an object as a whole, or take it away.
func (p patchChecker) whole(at *field.Path, entries map[string]any) {
	for _, directive := range []string{patchDirective, retainDirective} {
		if in := entries[directive]; in != nil && in != "merge" {
			p.refuse(at.Key(directive), "must not be given here: it would take away what the stack relies on")
		}
	}
}

// instead refuses the fields that have a key of the stack file.
func (p patchChecker) instead(at *field.Path, entries map[string]any, keys map[string]string) {
	for _, name := range slices.Sorted(maps.Keys(keys)) {
		if _, given := entries[name]; given {
			p.refuse(at.Child(name), "must not be given: write %s", keys[name])
		}
	}
}

func (p patchChecker) metadata(at *field.Path, metadata map[string]any) {
	for _, key := range slices.Sorted(maps.Keys(metadata)) {
		if key != "labels" && key != "annotations" && !strings.HasPrefix(key, "$") {
			p.refuse(child(at, key), "must not be given: of a pod's metadata only labels and annotations can be patched")
		}
	}
	for key, ours := range map[string]func(string) string{"labels": ownLabel, "annotations": ownAnnotation} {
		entries := p.part(at.Child(key), metadata, key)
		for _, name := range slices.Sorted(maps.Keys(entries)) {
			if why := ours(name); why != "" {
				p.refuse(child(at.Child(key), name), "%s", why)
			}
		}
	}
}

// containers checks the containers of a patch: daprd's is the injector's, and that of
// the app stays what it is.
func (p patchChecker) containers(at *field.Path, spec map[string]any, list string) {
	if in, given := spec[list]; given && in == nil && list == "containers" {
		p.refuse(at, "must not be taken away")
	}
	items, _ := spec[list].([]any)
	for i, item := range items {
		container, _ := entriesOf(item)
		at := at.Index(i)
		switch name := textAt(container, "name"); {
		case name == "" && container[patchDirective] != nil:
			p.whole(at, container)
		case name == sidecarContainer:
			p.refuse(at.Child("name"), "must not be %s: Dapr adds that container; write sidecar", sidecarContainer)
		case name == p.app.Name && list == "containers":
			p.whole(at, container)
			p.instead(at, container, insteadOfContainer)
			p.variables(at.Child("env"), container)
		case name != "" && list == "containers" && !slices.Contains(namesOfAll(p.app.Containers), name) && container["image"] == nil && container[patchDirective] == nil:
			p.add(at.Child("name"), name, rules.Known("A-04", "the name of a container of the pod: a new one needs an image", name, rules.NamesOf(append(namesOfAll(p.app.Containers), p.app.Name)...)))
		}
	}
}

// variables refuses to change the variables that the stack sets (C-01).
func (p patchChecker) variables(at *field.Path, container map[string]any) {
	in, given := container["env"]
	if given && in == nil {
		p.refuse(at, "must not be taken away")
	}
	own := rules.Names{}
	for _, variable := range p.stack.environment(p.app, p.lookup) {
		own[variable.Name] = true
	}
	items, _ := in.([]any)
	for i, item := range items {
		variable, _ := entriesOf(item)
		name := textAt(variable, "name")
		if name == "" {
			p.whole(at.Index(i), variable)
		}
		if own[name] {
			p.add(at.Index(i).Child("name"), name, []rules.Reason{{Rule: "C-01", Allowed: "must not be given: the stack sets it"}})
		}
	}
}

func namesOfAll(all []Manifest) (names []string) {
	for _, m := range all {
		names = append(names, textAt(m, "name"))
	}
	return names
}
