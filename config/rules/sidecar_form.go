package rules

import (
	"fmt"
	"math"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// OptionForm is the form of an option's value: its Go type, how an annotation
// holds it, and which values Dapr honors.
type OptionForm struct {
	Words    string   // for people: "whole number, 1 or more"
	Pattern  string   // that the text, or each text, matches; "" for any. The check may be stricter
	Only     []string // the allowed texts; nil: not only these
	Min, Max *int     // of a whole number
	Names    string   // the pattern of the names of a map
	Secret   bool     // the text names a Secret

	zero  any
	read  func(text string) (value any, bad string) // bad says what is wrong with the text
	write func(value any) string
	check func(value any) []Fault
}

// Type returns the Go type of the values.
func (f OptionForm) Type() reflect.Type { return reflect.TypeOf(f.zero) }

// Fault is what is wrong with one part of a value.
type Fault struct {
	At      []any  // path to the part: a string for a name, an int for a position
	Value   any    // the part, nil to show none
	Allowed string // "must be …"
}

// Text renders the fault with the path of its part, for a value that is one text.
func (f Fault) Text() string {
	text := ""
	for _, step := range f.At {
		text += fmt.Sprint(step) + ": "
	}
	return text + f.Allowed
}

// SecretRef is one key of a Secret.
type SecretRef struct {
	Name string `json:"name"`
	Key  string `json:"key"`
}

// must returns a fault of the whole value.
func must(value any, format string, args ...any) []Fault {
	return []Fault{{Value: value, Allowed: "must be " + fmt.Sprintf(format, args...)}}
}

// formOf completes a form whose values are of type T.
func formOf[T any](f OptionForm, read func(string) (T, string), write func(T) string, check func(T) []Fault) OptionForm {
	var zero T
	f.zero = zero
	f.read = func(text string) (any, string) { return read(text) }
	f.write = func(v any) string { t, _ := v.(T); return write(t) }
	f.check = func(v any) []Fault {
		t, ok := v.(T)
		if !ok {
			return must(nil, "a value of type %T, not %T", zero, v)
		}
		return check(t)
	}
	return f
}

// textForm returns a form whose values are texts.
func textForm(f OptionForm, check func(string) []Fault) OptionForm {
	return formOf(f, func(text string) (string, string) { return text, "" }, func(v string) string { return v }, check)
}

// patternForm returns the form of a text that matches a whole pattern.
func patternForm(words, pattern, allowed string) OptionForm {
	whole := regexp.MustCompile("^(" + pattern + ")$")
	return textForm(OptionForm{Words: words, Pattern: pattern}, func(v string) []Fault {
		if whole.MatchString(v) {
			return nil
		}
		return must(v, "%s", allowed)
	})
}

func anyText() OptionForm {
	return textForm(OptionForm{}, func(string) []Fault { return nil })
}

func choice(only ...string) OptionForm {
	return textForm(OptionForm{Words: strings.Join(only, ", "), Only: only}, func(v string) []Fault {
		if slices.Contains(only, v) {
			return nil
		}
		return must(v, "one of %s", strings.Join(only, ", "))
	})
}

func absolutePath() OptionForm {
	return textForm(OptionForm{Words: "absolute path", Pattern: `/([^/\s?#][^\s?#]*)?`}, func(v string) []Fault {
		if HandlerPath(v) == nil {
			return nil
		}
		return must(v, "an absolute path such as /healthz")
	})
}

func secretName() OptionForm {
	return textForm(OptionForm{Words: "name of a Secret", Pattern: dnsName, Secret: true}, func(v string) []Fault {
		if dnsSubdomain(v) {
			return nil
		}
		return must(v, "the name of a Secret, a DNS-1123 name")
	})
}

func imageReference() OptionForm {
	return patternForm("image reference", `[a-zA-Z0-9][\w.\-:/@]*`, "an image reference")
}

// byteSize returns the form of a quantity of whole bytes. daprd does not start
// with any other, and 0 means no limit in one place and nothing at all in
// another.
func byteSize() OptionForm {
	return patternForm("bytes as a Kubernetes quantity", `[1-9][0-9]{0,8}(Ki|Mi|Gi|k|M|G)?`, "a whole number of bytes, 1 or more, such as 8Mi")
}

// quantity returns the form of a resource quantity. The injector drops all
// resources if it cannot read one of them.
func quantity() OptionForm {
	return patternForm("Kubernetes quantity", `\+?([0-9]+\.?[0-9]*|\.[0-9]+)([KMGTPE]i|[numkMGTPE]|[eE][+-]?[0-9]+)?`,
		"a Kubernetes quantity: Dapr ignores all resources otherwise")
}

// dnsName is the pattern of a DNS-1123 name.
const dnsName = `[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*`

const (
	numberText = "a whole number: Dapr ignores anything else"
	truthText  = "true or false: Dapr takes anything else for false"
)

func truth() OptionForm {
	return formOf(OptionForm{Words: "true or false"}, func(text string) (bool, string) {
		if !Truthy(text) && !slices.Contains(falseWords, strings.ToLower(strings.TrimSpace(text))) {
			return false, truthText
		}
		return Truthy(text), ""
	}, strconv.FormatBool, func(bool) []Fault { return nil })
}

func wholeNumber(least, most int) OptionForm {
	words := fmt.Sprintf("whole number, %d or more", least)
	return formOf(OptionForm{Words: words, Min: &least, Max: &most}, readNumber, strconv.Itoa, func(n int) []Fault {
		if n < least || n > most {
			return must(n, "%s", bounds("a whole number", least, most, strconv.Itoa))
		}
		return nil
	})
}

func readNumber(text string) (int, string) {
	n, err := strconv.Atoi(text)
	if err != nil {
		return 0, numberText
	}
	return n, ""
}

func portNumber() OptionForm {
	least, most := 1, 65535
	return formOf(OptionForm{Words: "port, 1–65535", Min: &least, Max: &most}, readNumber, strconv.Itoa, func(n int) []Fault {
		if n < least || n > most {
			return must(n, "between 1 and 65535")
		}
		return nil
	})
}

// bounds describes a range of values.
func bounds[T any](kind string, least, most int, show func(int) T) string {
	if most >= math.MaxInt32-1 {
		return fmt.Sprintf("%s, %v or more, of 32 bits", kind, show(least))
	}
	return fmt.Sprintf("%s, from %v to %v", kind, show(least), show(most))
}

// wholeUnits returns the form of a duration that an annotation holds as a bare
// number. Dapr ignores one with a unit.
func wholeUnits(unit time.Duration, least int) OptionForm {
	const most = math.MaxInt32
	name := map[time.Duration]string{time.Second: "seconds", time.Millisecond: "milliseconds"}[unit]
	read := func(text string) (time.Duration, string) {
		n, err := strconv.Atoi(text)
		switch d, noNumber := time.ParseDuration(text); {
		case err == nil && n > most || n < -most:
			return 0, bounds("whole "+name, least, most, strconv.Itoa)
		case err == nil:
			return time.Duration(n) * unit, ""
		case noNumber == nil && d >= unit:
			return 0, fmt.Sprintf(`a whole number of %s: Dapr ignores a unit there; write "%d"`, name, d/unit)
		}
		return 0, numberText
	}
	return formOf(OptionForm{Words: "duration in whole " + name, Pattern: durationPattern}, read,
		func(d time.Duration) string { return strconv.FormatInt(int64(d/unit), 10) },
		func(d time.Duration) []Fault {
			if d%unit != 0 || d/unit < time.Duration(least) || d/unit > time.Duration(most) {
				return must(d, "%s", bounds("whole "+name, least, most, func(n int) time.Duration { return time.Duration(n) * unit }))
			}
			return nil
		})
}

const durationPattern = `\+?(([0-9]+\.?[0-9]*|\.[0-9]+)(ns|us|µs|μs|ms|s|m|h))+`

// timeSpan returns the form of a duration that an annotation holds with its
// unit. daprd does not start with a bare number.
func timeSpan() OptionForm {
	return formOf(OptionForm{Words: "duration with its unit", Pattern: durationPattern}, func(text string) (time.Duration, string) {
		d, err := time.ParseDuration(text)
		if err != nil {
			return 0, `a duration with its unit, such as "10s"`
		}
		return d, ""
	}, time.Duration.String, func(d time.Duration) []Fault {
		if d <= 0 {
			return must(d, `a positive duration, such as "10s"`)
		}
		return nil
	})
}
