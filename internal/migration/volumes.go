package migration

import (
	"slices"

	"github.com/daprstack/daprstack/config"
	"github.com/daprstack/daprstack/config/rules"
)

// volumes takes over the volumes: the empty directories that the container alone writes
// to and the Secrets that the sidecar reads have keys of their own.
func (c *converter) volumes(pod, main part, a *config.App) {
	list, _ := pod.fields["volumes"].([]any)
	mounts, _ := main.fields["volumeMounts"].([]any)
	read, written := a.Sidecar.Options.Map(rules.OptionVolumeMounts), a.Sidecar.Options.Map(rules.OptionVolumeMountsRW)
	var left []any
	taken := map[string]bool{}
	for _, v := range list {
		name := getText(v, "name")
		_, mounted := read[name]
		_, rw := written[name]
		secret := wholeSecret(v)
		scratch, scratched := get(v, "emptyDir").(map[string]any)
		at := mountsOf(mounts, name)
		switch {
		case secret != "" && (mounted || rw) && len(at) == 0:
			if a.Sidecar.SecretVolumes == nil {
				a.Sidecar.SecretVolumes = map[string]string{}
			}
			a.Sidecar.SecretVolumes[name] = secret
		case scratched && len(scratch) == 0 && len(at) == 1 && !mounted && !rw && !c.shared(pod, a, name):
			a.WritablePaths = append(a.WritablePaths, at[0])
			taken[name] = true
		case scratched && len(scratch) == 0 && len(at) == 1 && !c.shared(pod, a, name):
			volume := rules.WritableVolume(len(a.WritablePaths))
			a.WritablePaths = append(a.WritablePaths, at[0])
			for _, m := range []map[string]string{read, written} {
				if path, ok := m[name]; ok {
					delete(m, name)
					m[volume] = path
				}
			}
			taken[name] = true
		default:
			left = append(left, v)
		}
	}
	delete(pod.fields, "volumes")
	for _, v := range left {
		if m, ok := v.(map[string]any); ok {
			a.Volumes = append(a.Volumes, config.Manifest(m))
		}
	}
	main.fields["volumeMounts"] = slices.DeleteFunc(slices.Clone(mounts), func(m any) bool { return taken[getText(m, "name")] })
	a.VolumeMounts = main.manifests("volumeMounts")
}

// wholeSecret returns the Secret of which a volume holds every key, if it is one.
func wholeSecret(volume any) string {
	fields, _ := get(volume, "secret").(map[string]any)
	for key := range fields {
		if key != "secretName" && key != "defaultMode" {
			return ""
		}
	}
	return getText(fields, "secretName")
}

// mountsOf returns the paths at which a container mounts a volume.
func mountsOf(mounts []any, volume string) (paths []string) {
	for _, m := range mounts {
		if getText(m, "name") == volume {
			path := getText(m, "mountPath")
			if get(m, "subPath") != nil || get(m, "readOnly") == true {
				path = "" // another use
			}
			paths = append(paths, path)
		}
	}
	if slices.Contains(paths, "") {
		return nil
	}
	return paths
}
