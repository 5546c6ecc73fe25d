package config

import (
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/daprstack/daprstack/config/rules"
	"k8s.io/apimachinery/pkg/util/validation/field"
)

// MarshalJSON renders the sidecar as it is written in the stack file, with its
// options among its other keys.
func (s Sidecar) MarshalJSON() ([]byte, error) {
	type fields Sidecar // without this method
	raw, err := json.Marshal(fields(s))
	if err != nil {
		return nil, err
	}
	keys := map[string]any{}
	if err := json.Unmarshal(raw, &keys); err != nil {
		return nil, err
	}
	for key, v := range s.Options {
		if span, ok := v.(time.Duration); ok {
			v = Duration{span}
		}
		group, name, grouped := strings.Cut(key, ".")
		if !grouped {
			keys[key] = v
			continue
		}
		below, _ := keys[group].(map[string]any)
		if below == nil {
			below = map[string]any{}
			keys[group] = below
		}
		below[name] = v
	}
	return json.Marshal(keys)
}

// sidecarReaders returns the readers of a sidecar's keys, including its options.
func (d *decoder) sidecarReaders(s *Sidecar) map[string]reader {
	if s.Options == nil {
		s.Options = rules.SidecarOptions{}
	}
	readers := d.readers(structFields(reflect.ValueOf(s).Elem(), false))
	groups := map[string]map[string]reader{}
	for _, row := range rules.Options() {
		group, name := row.Group()
		if group == "" {
			readers[name] = d.optionReader(row, s.Options)
			continue
		}
		if groups[group] == nil {
			groups[group] = map[string]reader{}
			readers[group] = d.groupReader(group, groups[group], s.Options)
		}
		groups[group][name] = d.optionReader(row, s.Options)
	}
	return readers
}

// optionReader returns a reader that stores the value of one option if it is
// understood.
func (d *decoder) optionReader(row rules.SidecarOption, into rules.SidecarOptions) reader {
	return func(path *field.Path, in any) {
		value := reflect.New(row.Form.Type()).Elem()
		before := len(d.found)
		d.value(path, in, target{value, row.Hidden})
		if in != nil && len(d.found) == before {
			into[row.Key] = value.Interface()
		}
	}
}

// groupReader returns a reader of a group's options. An empty group is on, like
// one with options (see [rules.SidecarOptions.Fill]).
func (d *decoder) groupReader(group string, readers map[string]reader, into rules.SidecarOptions) reader {
	return func(path *field.Path, in any) {
		entries, ok := in.(map[string]any)
		switch {
		case in == nil:
		case in == Encrypted:
			d.notSecret(path)
		case !ok:
			d.wrong(path, in, false, "an object", object)
		default:
			before := len(into)
			d.structure(path, entries, readers)
			if len(into) == before {
				into.Enable(group)
			}
		}
	}
}

// options checks the options of a sidecar, each by itself, together, and against
// the volumes of the pod.
func (v *validator) options(app *field.Path, a App) {
	path, s := app.Child("sidecar"), a.Sidecar
	volumes := rules.Names{}
	for name := range s.SecretVolumes {
		volumes[name] = true
	}
	for i := range a.WritablePaths {
		volumes[rules.WritableVolume(i)] = true
	}
	patched, _ := entriesOf(a.PodPatch["spec"])
	for _, name := range slices.Concat(namesOfAll(a.Volumes), namesOf(patched["volumes"])) {
		volumes[name] = true
	}
	key := func(row rules.SidecarOption) string { return row.Key }
	v.optionFaults(path, s.Options.Check())
	for _, key := range slices.Sorted(maps.Keys(s.Options)) {
		v.add(optionPath(path, key), nil, rules.OptionSince(key, v.stack.Dapr.Version), "dapr.version")
	}
	v.optionFaults(path, s.Options.Within(a.grace(), key), app.Child("terminationGracePeriod").String())
	if a.AppPort() == 0 {
		v.uncalled(path, s.Options)
	}
	if v.stack.TrustsRedisCA(s.AppID) {
		by := []string{"redis.external", "stateStores", "pubSubs"}
		if _, given := s.Options.Map(rules.OptionEnv)[caVariable]; given {
			v.form(path.Child(rules.OptionEnv, caVariable), nil, "must not be given together with the caCert of redis.external, which is there", by...)
		}
		if volumes[rules.RedisCAVolume] {
			v.form(path.Child("secretVolumes", rules.RedisCAVolume), nil, "must have another name: the caCert of redis.external has this one", by...)
		}
	}
	v.optionFaults(path, s.Options.Unmounted(volumes), app.Child("writablePaths").String(), path.Child("secretVolumes").String())
}

// uncalled refuses options about calls of an app that daprd does not call.
func (v *validator) uncalled(sidecar *field.Path, options rules.SidecarOptions) {
	for _, key := range []string{rules.OptionHealthEnabled, rules.OptionMaxConcurrency, rules.OptionAppTokenSecret} {
		if given, ok := options[key]; ok && given != false {
			v.add(optionPath(sidecar, key), nil, []rules.Reason{{Rule: "S-12", Allowed: "must not be given without an app-port: daprd does not call this app"}},
				sidecar.Child("appPort").String())
		}
	}
}

// grace returns how long the pods of an app have to end.
func (a App) grace() time.Duration {
	if a.TerminationGracePeriod != nil {
		return a.TerminationGracePeriod.Duration
	}
	return rules.PodGrace
}

func (v *validator) optionFaults(sidecar *field.Path, faults []rules.OptionFault, by ...string) {
	for _, f := range faults {
		against := slices.Clone(by)
		for _, key := range f.By {
			against = append(against, optionPath(sidecar, key).String())
		}
		path := optionPath(sidecar, f.Key)
		for _, step := range f.At {
			if i, ok := step.(int); ok {
				path = path.Index(i)
			} else {
				path = child(path, fmt.Sprint(step))
			}
		}
		v.add(path, f.Value, []rules.Reason{{Rule: f.Rule, Allowed: f.Allowed}}, against...)
	}
}

// optionPath returns the path of an option, whose key may contain a dot.
func optionPath(sidecar *field.Path, key string) *field.Path {
	path := sidecar
	for step := range strings.SplitSeq(key, ".") {
		path = child(path, step)
	}
	return path
}

// notPlain lists the protocols that a plain HTTP client does not speak.
var notPlain = []string{"grpc", "grpcs", "h2c"}

// GRPC reports whether the app speaks gRPC on one of its ports.
func (a App) GRPC(port int) bool {
	return strings.HasPrefix(a.Protocol(port), "grpc")
}

// AppPort returns where daprd calls the app, 0 if it does not.
func (a App) AppPort() int {
	if a.Sidecar == nil || a.Sidecar.AppPort == nil {
		return 0
	}
	return *a.Sidecar.AppPort
}

// Protocol returns what the app speaks on one of its ports: the appProtocol of
// its sidecar on the port that daprd calls, HTTP on any other.
func (a App) Protocol(port int) string {
	if a.AppPort() == 0 || a.AppPort() != port {
		return "http"
	}
	return a.Sidecar.Options.Text(rules.OptionAppProtocol)
}
