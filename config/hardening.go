package config

import (
	"k8s.io/apimachinery/pkg/util/validation/field"
)

// hardening finds what weakens the hardening of a pod.
func (w *warner) hardening() {
	for i, a := range w.stack.Apps {
		path := root("apps").Index(i)
		w.volumes(path.Child("volumes"), listOf(a.Volumes))
		w.containers(path.Child("initContainers"), listOf(a.InitContainers))
		w.containers(path.Child("containers"), listOf(a.Containers))
		spec, given := entriesOf(a.PodPatch["spec"])
		if !given {
			continue
		}
		at := path.Child("podPatch", "spec")
		for _, key := range []string{"hostNetwork", "hostPID", "hostIPC"} {
			if spec[key] == true {
				w.weaker(at.Child(key), true, "gives the pod a part of the node that is kept apart otherwise")
			}
		}
		w.security(at.Child("securityContext"), spec)
		w.volumes(at.Child("volumes"), spec["volumes"])
		w.containers(at.Child("initContainers"), spec["initContainers"])
		w.containers(at.Child("containers"), spec["containers"])
	}
}

func (w *warner) weaker(path *field.Path, value any, text string) { w.warn("A-06", path, value, text) }

func (w *warner) volumes(path *field.Path, list any) {
	for i, volume := range entriesIn(list) {
		if volume["hostPath"] != nil {
			w.weaker(path.Index(i).Child("hostPath"), nil, "gives the pod a directory of the node")
		}
	}
}

func (w *warner) containers(path *field.Path, list any) {
	for i, container := range entriesIn(list) {
		w.security(path.Index(i).Child("securityContext"), container)
		for j, port := range entriesIn(container["ports"]) {
			if port["hostPort"] != nil && port["hostPort"] != 0 {
				w.weaker(path.Index(i).Child("ports").Index(j).Child("hostPort"), port["hostPort"], "opens a port of the node")
			}
		}
	}
}

// security finds what weakens a security context, of a pod or of a container.
func (w *warner) security(path *field.Path, of map[string]any) {
	in, given := of["securityContext"]
	if !given {
		return
	}
	security, _ := entriesOf(in)
	if in == nil || security[patchDirective] == "replace" || security[patchDirective] == "delete" {
		w.weaker(path, nil, "takes the hardening away")
	}
	for _, setting := range []struct {
		key, text string
		weak      func(any) bool
	}{
		{"privileged", "gives the container every right on the node", is(true)},
		{"allowPrivilegeEscalation", "lets a program of the container gain rights", is(true)},
		{"readOnlyRootFilesystem", "lets the container write to its image", is(false)},
		{"runAsNonRoot", "lets the container run as root", is(false)},
		{"runAsUser", "runs the container as root", is(0)},
		{"procMount", "shows the container more of /proc", is("Unmasked")},
	} {
		if value, given := security[setting.key]; given && (value == nil || setting.weak(value)) {
			w.weaker(path.Child(setting.key), value, setting.text)
		}
	}
	if profile, given := security["seccompProfile"]; given {
		entries, _ := entriesOf(profile)
		if entries == nil || entries["type"] == "Unconfined" {
			w.weaker(path.Child("seccompProfile"), nil, "lets the container use every system call")
		}
	}
	if capabilities, given := security["capabilities"]; given {
		entries, _ := entriesOf(capabilities)
		if entries == nil || entries["drop"] == nil && entries["add"] == nil {
			w.weaker(path.Child("capabilities"), nil, "leaves the container the capabilities of the runtime")
		}
		if added, _ := entries["add"].([]any); len(added) > 0 {
			w.weaker(path.Child("capabilities", "add"), nil, "gives the container capabilities")
		}
	}
}

func is(weak any) func(any) bool { return func(value any) bool { return value == weak } }

// entriesIn returns the objects of a list, empty ones for what is none.
func entriesIn(list any) []map[string]any {
	items, _ := list.([]any)
	all := make([]map[string]any, len(items))
	for i, item := range items {
		all[i], _ = entriesOf(item)
	}
	return all
}
