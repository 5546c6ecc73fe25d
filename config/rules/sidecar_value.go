package rules

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

// AnnotationPrefix begins every annotation that Dapr reads.
const AnnotationPrefix = "dapr.io/"

// SidecarOptions are the options of one sidecar, by their keys in the stack file.
// A value has the Go type of its form: bool, int, string, [time.Duration],
// []string, map[string]string or map[string][SecretRef].
type SidecarOptions map[string]any

// Option returns the row of a key of the stack file, and false if there is none.
func Option(key string) (SidecarOption, bool) {
	at, ok := optionByKey[key]
	if !ok {
		return SidecarOption{}, false
	}
	return SidecarTable[at], true
}

var optionByKey, optionByAnnotation = func() (keys, annotations map[string]int) {
	keys, annotations = map[string]int{}, map[string]int{}
	for i, row := range SidecarTable {
		annotations[row.Annotation] = i
		if row.Key != "" {
			keys[row.Key] = i
		}
	}
	return keys, annotations
}()

// Options returns the rows with a key of the stack file, in the order of its
// page.
func Options() (rows []SidecarOption) {
	for _, row := range SidecarTable {
		if row.Key != "" {
			rows = append(rows, row)
		}
	}
	return rows
}

// Group splits the key at its dot. The group of a key without a dot is "".
func (o SidecarOption) Group() (group, name string) {
	if group, name, ok := strings.Cut(o.Key, "."); ok {
		return group, name
	}
	return "", o.Key
}

// RuleID returns the number of the rule that a bad value breaks.
func (o SidecarOption) RuleID() string { return cmp.Or(o.Rule, "S-12") }

// ToDo returns what to do when a running sidecar has another value.
func (o SidecarOption) ToDo() string {
	return cmp.Or(o.Remedy, "run up, and delete the pod when that changes nothing")
}

// Text returns the value of an option that is a text, "" if it has none.
func (s SidecarOptions) Text(key string) string { return valueOf[string](s, key) }

// On reports whether a switch is on.
func (s SidecarOptions) On(key string) bool { return valueOf[bool](s, key) }

// Number returns the value of an option that is a whole number, 0 if it has
// none.
func (s SidecarOptions) Number(key string) int { return valueOf[int](s, key) }

// Map returns the value of an option that is a map of texts, nil if it has none.
func (s SidecarOptions) Map(key string) map[string]string { return valueOf[map[string]string](s, key) }

// valueOf returns the value of an option, or Dapr's default without it.
func valueOf[T any](s SidecarOptions, key string) T {
	v, given := s[key]
	if !given {
		row, _ := Option(key)
		v = row.Default
	}
	t, _ := v.(T)
	return t
}

// GRPC reports whether daprd speaks gRPC with the app.
func (s SidecarOptions) GRPC() bool { return strings.HasPrefix(s.Text(OptionAppProtocol), "grpc") }

// Fill sets the defaults of the Written options, and enables every group of
// which an option is given.
func (s SidecarOptions) Fill() {
	for _, row := range Options() {
		group, _ := row.Group()
		if _, given := s[row.Key]; given && group != "" {
			s.Enable(group)
		}
		if _, given := s[row.Key]; !given && row.Written {
			s[row.Key] = row.Default
		}
	}
}

// Enable turns on the switch of a group, unless it is given or there is none.
func (s SidecarOptions) Enable(group string) {
	key := group + ".enabled"
	if _, ok := Option(key); !ok {
		return
	}
	if _, given := s[key]; !given {
		s[key] = true
	}
}

// applies reports whether the switch of an option, if it has one, is on; Dapr
// ignores the option otherwise.
func (s SidecarOptions) applies(row SidecarOption) bool { return row.With == "" || s.On(row.With) }

// Secrets returns the names of the Secrets that daprd needs, by the keys of the
// options that name them.
func (s SidecarOptions) Secrets() map[string][]string {
	found := map[string][]string{}
	for key := range s {
		switch row, _ := Option(key); v := s[key].(type) {
		case map[string]SecretRef:
			for _, ref := range v {
				found[key] = append(found[key], ref.Name)
			}
			slices.Sort(found[key])
		case string:
			if row.Form.Secret {
				found[key] = []string{v}
			}
		}
	}
	return found
}

// Annotations returns the options as annotations of the pod, with their prefix.
func (s SidecarOptions) Annotations() map[string]string {
	annotations := map[string]string{}
	for key, text := range s.texts() {
		row, _ := Option(key)
		annotations[AnnotationPrefix+row.Annotation] = text
	}
	return annotations
}

// texts returns the values as annotations hold them, by key.
func (s SidecarOptions) texts() map[string]string {
	texts := map[string]string{}
	for key, v := range s {
		if row, ok := Option(key); ok && s.applies(row) {
			texts[key] = row.Form.write(v)
		}
	}
	return texts
}

// A Setting is the effect of one option on a running sidecar.
type Setting struct {
	SidecarOption
	Value string // of the argument, or of the annotation where there is none
}

// Settings returns the settings that a running sidecar should have, in the order
// of the table.
func (s SidecarOptions) Settings() (all []Setting) {
	texts := s.texts()
	for _, row := range Options() {
		if text, ok := texts[row.Key]; ok {
			all = append(all, Setting{row, text})
		}
	}
	return all
}

// OptionFault is what is wrong with one option of a sidecar.
type OptionFault struct {
	Key string // of the option
	Fault
	Rule string
	By   []string // the keys of the options that it was checked against
}

// Check returns what is wrong with each option by itself. An option that does
// not apply, such as the port of metrics that are off, is not checked.
func (s SidecarOptions) Check() (faults []OptionFault) {
	for _, key := range slices.Sorted(maps.Keys(s)) {
		row, known := Option(key)
		if !known {
			faults = append(faults, OptionFault{Key: key, Fault: Fault{Allowed: "unknown key" + didYouMean(key, maps.Keys(optionByKey))}})
			continue
		}
		if !s.applies(row) {
			continue
		}
		for _, f := range row.Form.check(s[key]) {
			if row.Hidden {
				f.Value = nil
			}
			faults = append(faults, OptionFault{Key: key, Fault: f, Rule: row.RuleID(), By: strings.Fields(row.With)})
		}
	}
	return faults
}

// Err returns what is wrong with the options by themselves and together, or nil. Grace
// is how long the pod has to end, 0 for [PodGrace].
func (s SidecarOptions) Err(grace time.Duration) error {
	var all []error
	key := func(row SidecarOption) string { return row.Key }
	for _, f := range slices.Concat(s.Check(), s.Within(cmp.Or(grace, PodGrace), key)) {
		all = append(all, fmt.Errorf("sidecar option %s: %s", f.Key, f.Allowed))
	}
	return errors.Join(all...)
}

// PodGrace is how long Kubernetes waits before it kills a pod, by default.
const PodGrace = 30 * time.Second

// Within returns what is wrong with the options in combination: what Dapr ignores or
// fails on because of another option, in a pod that has so long to end, 0 if that is not
// known. Name returns the name of an option for the reader of the faults.
func (s SidecarOptions) Within(grace time.Duration, name func(SidecarOption) string) (faults []OptionFault) {
	s = maps.Clone(s)
	for _, f := range s.Check() { // what is bad by itself is not reported twice
		delete(s, f.Key)
	}
	called := func(key string) string { row, _ := Option(key); return name(row) }
	add := func(key string, at []any, by []string, format string, args ...any) {
		row, _ := Option(key)
		var shown any
		if at == nil && !row.Hidden {
			shown = s[key]
		}
		faults = append(faults, OptionFault{key, Fault{at, shown, "must " + fmt.Sprintf(format, args...)}, row.RuleID(), by})
	}
	given := func(key string) bool { _, ok := s[key]; return ok }

	for _, row := range Options() {
		if given(row.Key) && row.With != "" && !s.applies(row) && !given(row.With) {
			add(row.Key, nil, strings.Fields(row.With), "not be given without %s: Dapr ignores it", called(row.With))
		}
	}
	if s.GRPC() {
		protocol, by := called(OptionAppProtocol)+" "+s.Text(OptionAppProtocol), []string{OptionAppProtocol}
		if given(OptionHealthPath) {
			add(OptionHealthPath, nil, by, "not be given with %s: Dapr calls AppCallbackHealthCheck of a gRPC app", protocol)
		}
		if given(OptionMaxConcurrency) {
			add(OptionMaxConcurrency, nil, by, "not be given with %s: invocations of the app would never end", protocol)
		}
	}
	if timeout, interval := valueOf[time.Duration](s, OptionHealthTimeout), valueOf[time.Duration](s, OptionHealthInterval); s.On(OptionHealthEnabled) && timeout > interval {
		key, by := OptionHealthInterval, []string{OptionHealthTimeout, OptionHealthEnabled}
		if given(OptionHealthTimeout) {
			key, by[0] = OptionHealthTimeout, OptionHealthInterval
		}
		add(key, nil, by, "fit: a timeout of %s is more than the interval of %s, and daprd does not start", timeout, interval)
	}
	if graceful, block := valueOf[time.Duration](s, OptionGracefulShutdown), valueOf[time.Duration](s, OptionBlockShutdown); grace > 0 && graceful+block >= grace {
		key, by := OptionGracefulShutdown, []string{OptionBlockShutdown}
		if given(OptionBlockShutdown) {
			key, by[0] = OptionBlockShutdown, OptionGracefulShutdown
		}
		add(key, nil, by, "be shorter: with %s %s and %s %s the pod is killed before, %s after its end began",
			called(OptionBlockShutdown), block, called(OptionGracefulShutdown), graceful, grace)
	}
	s.twice(add)
	return faults
}

// twice finds variables and paths that two options give.
func (s SidecarOptions) twice(add func(key string, at []any, by []string, format string, args ...any)) {
	for _, name := range slices.Sorted(maps.Keys(valueOf[map[string]SecretRef](s, OptionEnvFromSecret))) {
		if _, again := s.Map(OptionEnv)[name]; again {
			add(OptionEnvFromSecret, []any{name}, []string{OptionEnv}, "not be given twice")
		}
	}
	paths := map[string]bool{}
	for _, key := range []string{OptionVolumeMounts, OptionVolumeMountsRW} {
		mounts := s.Map(key)
		for _, volume := range slices.Sorted(maps.Keys(mounts)) {
			if paths[mounts[volume]] {
				add(key, []any{volume}, []string{OptionVolumeMounts}, "be mounted at a path of its own")
			}
			paths[mounts[volume]] = true
		}
	}
}

// Unmounted returns a fault for each mount of a volume that the pod does not
// have: the injector skips it.
func (s SidecarOptions) Unmounted(volumes Names) (faults []OptionFault) {
	for _, key := range []string{OptionVolumeMounts, OptionVolumeMountsRW} {
		for _, volume := range slices.Sorted(maps.Keys(s.Map(key))) {
			for _, r := range Known("S-12", "a volume of the pod: Dapr skips any other", volume, volumes) {
				faults = append(faults, OptionFault{Key: key, Fault: Fault{At: []any{volume}, Allowed: r.Allowed}, Rule: r.Rule})
			}
		}
	}
	return faults
}
