package rules

import (
	"fmt"
	"iter"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// The words that Dapr takes for true, and those that are plainly meant as false;
// it takes everything else for false too.
var (
	trueWords  = []string{"y", "yes", "true", "t", "on", "1"}
	falseWords = []string{"n", "no", "false", "f", "off", "0", ""}
)

// Truthy reports whether Dapr takes the value of an annotation for true.
func Truthy(value string) bool {
	return slices.Contains(trueWords, strings.ToLower(strings.TrimSpace(value)))
}

// AnnotationText refuses an annotation that is not text in the manifest, such as
// a bare number (S-10).
func AnnotationText(isText bool) []Reason {
	if isText {
		return nil
	}
	return because("S-10", "must be text: put it in quotes")
}

// Annotation checks one annotation, given without its prefix dapr.io/: that Dapr
// reads it (S-12), that its text has the form that Dapr reads (S-10), and that
// Dapr honours the value (S-12, or the rule of the option).
func Annotation(name, value string) (reasons []Reason) {
	at, known := optionByAnnotation[name]
	if !known {
		return because("S-12", "must be an annotation that Dapr reads%s", didYouMean(name, maps.Keys(optionByAnnotation)))
	}
	row := SidecarTable[at]
	v, bad := row.Form.read(value)
	if bad != "" {
		return because("S-10", "must be %s", bad)
	}
	for _, f := range row.Form.check(v) {
		reasons = append(reasons, Reason{Rule: row.RuleID(), Allowed: f.Text()})
	}
	return reasons
}

// AsRead returns the text of an annotation, given without its prefix, in the one
// form that a stack file takes: Dapr minds neither the case of a protocol nor that
// of a level of its log, and has the level fatal. It returns false for a number that
// means the same as no annotation.
func AsRead(name, value string) (text string, given bool) {
	n, err := strconv.Atoi(value)
	switch {
	case name == "app-protocol", name == "log-level":
		if value = strings.ToLower(value); value == "fatal" && name == "log-level" {
			value = "error"
		}
	case name == "app-max-concurrency" && err == nil && n <= 0, name == "graceful-shutdown-seconds" && err == nil && n < 0:
		return "", false
	}
	return value, true
}

// IsAnnotation reports whether Dapr reads an annotation of a pod, given without its
// prefix.
func IsAnnotation(name string) bool {
	_, known := optionByAnnotation[name]
	return known
}

// KeyOf returns the key of a sidecar in the stack file that an annotation, without its
// prefix, comes from, "" if there is none.
func KeyOf(name string) string {
	switch at, known := optionByAnnotation[name]; {
	case name == "app-id":
		return "appId"
	case name == "app-port":
		return "appPort"
	case name == "config":
		return "config"
	case known:
		return SidecarTable[at].Key
	default:
		return ""
	}
}

// Misplaced refuses an annotation of a sidecar that is not on a pod (S-12).
func Misplaced() []Reason {
	return because("S-12", "must be on the pod template: Dapr reads it only there")
}

// Hidden reports whether the value of an annotation, given without its prefix, is
// never shown.
func Hidden(name string) bool {
	at, known := optionByAnnotation[name]
	return known && SidecarTable[at].Hidden
}

// OptionsOf reads the options in the annotations of a pod, given without their
// prefix. Those that [Annotation] refuses are left out.
func OptionsOf(annotations map[string]string) SidecarOptions {
	s := SidecarOptions{}
	for name, text := range annotations {
		at, known := optionByAnnotation[name]
		if !known || SidecarTable[at].Key == "" || Annotation(name, text) != nil {
			continue
		}
		s[SidecarTable[at].Key], _ = SidecarTable[at].Form.read(text)
	}
	return s
}

// didYouMean names the candidate that is nearest to a name, if one is near.
func didYouMean(name string, candidates iter.Seq[string]) string {
	if near := nearest(name, candidates); near != "" {
		return fmt.Sprintf("; did you mean %q?", near)
	}
	return ""
}

// HasOption reports whether a key of the stack file sets an annotation, given without
// its prefix.
func HasOption(name string) bool {
	at, known := optionByAnnotation[name]
	return known && SidecarTable[at].Key != ""
}
