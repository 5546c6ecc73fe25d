package rules

import (
	"fmt"
	"maps"
	"math"
	"net/netip"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
)

// OptionForm is the form of an option's value: its Go type, its text in an
// annotation, and what of it Dapr honours.
type OptionForm struct {
	Words    string   // for people: "whole number, 1 or more"
	Pattern  string   // that the text, or each text, matches; "" for any. It refuses less than the program
	Only     []string // the allowed texts; nil: not only these
	Min, Max *int     // of a whole number
	Names    string   // the pattern of the names of a map
	Secret   bool     // the text names a Secret

	zero  any
	read  func(text string) (value any, bad string) // says what is wrong with a text
	write func(value any) string
	check func(value any) []Fault
}

// Type is the Go type of the values.
func (f OptionForm) Type() reflect.Type { return reflect.TypeOf(f.zero) }

// Fault is what is wrong with one part of a value.
type Fault struct {
	At      []any  // the way to the part: a string for a name, an int for a position
	Value   any    // the part, nil to show none
	Allowed string // "must be …"
}

// Text is the fault of a value that stands in one text, with the way to the part.
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

// must is the one fault of a whole value.
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

// textForm is the form of a text that means itself.
func textForm(f OptionForm, check func(string) []Fault) OptionForm {
	return formOf(f, func(text string) (string, string) { return text, "" }, func(v string) string { return v }, check)
}

// patternForm is the form of a text that matches a pattern as a whole.
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

// byteSize is a quantity that daprd can turn into a number of bytes; it does not
// start with another one, and takes 0 for none at all or for no limit.
func byteSize() OptionForm {
	return patternForm("bytes as a Kubernetes quantity", `[1-9][0-9]{0,8}(Ki|Mi|Gi|k|M|G)?`, "a whole number of bytes, 1 or more, such as 8Mi")
}

// quantity is of a resource. The injector sets none of the resources when it
// cannot read one.
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

// bounds says which values of a kind are allowed.
func bounds[T any](kind string, least, most int, show func(int) T) string {
	if most >= math.MaxInt32-1 {
		return fmt.Sprintf("%s, %v or more, of 32 bits", kind, show(least))
	}
	return fmt.Sprintf("%s, from %v to %v", kind, show(least), show(most))
}

// wholeUnits is a duration that stands in an annotation as a bare number of some
// unit. Dapr ignores "5s" there.
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

// timeSpan is a duration that stands in an annotation with its unit. With a bare
// number daprd does not start.
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

// listForm is a list of texts that stands in an annotation with commas.
func listForm(f OptionForm, check func([]string) []Fault) OptionForm {
	return formOf(f, func(text string) ([]string, string) { return strings.Split(text, ","), "" },
		func(items []string) string { return strings.Join(items, ",") },
		func(items []string) []Fault {
			if len(items) == 0 {
				return must(nil, "left out, or have an item")
			}
			faults := check(items)
			for _, i := range slices.Sorted(maps.Keys(Repeated("", items))) {
				faults = append(faults, Fault{[]any{i}, items[i], "must be named once"})
			}
			return faults
		})
}

func choices(only ...string) OptionForm {
	return listForm(OptionForm{Words: strings.Join(only, ", "), Only: only}, func(items []string) (faults []Fault) {
		for i, item := range items {
			if !slices.Contains(only, item) {
				faults = append(faults, Fault{[]any{i}, item, "must be one of " + strings.Join(only, ", ")})
			}
		}
		return faults
	})
}

// listenAddresses are joined with a port as they are. Dapr passes over one on
// which it cannot listen.
func listenAddresses() OptionForm {
	f := OptionForm{Words: "IP address, IPv6 in brackets", Pattern: `[0-9.]+|\[[0-9a-fA-F:.]+\]`}
	return listForm(f, func(items []string) (faults []Fault) {
		local := false
		for i, item := range items {
			address, err := netip.ParseAddrPort(item + ":1")
			if err != nil || address.Addr().Zone() != "" {
				faults = append(faults, Fault{[]any{i}, item, "must be an IP address, IPv6 in brackets, such as 127.0.0.1 or [::1]"})
				continue
			}
			local = local || address.Addr().IsLoopback() || address.Addr().IsUnspecified()
		}
		if faults == nil && !local {
			return must(nil, "addresses with that of localhost among them, 127.0.0.1, [::1], 0.0.0.0 or [::]: the app calls its sidecar there")
		}
		return faults
	})
}

// mapForm is a map that stands in an annotation as parts with commas, in the
// order of the names. Check judges one entry; what Dapr would not read back as
// it was meant is refused in any case.
func mapForm[T comparable](f OptionForm, read func(string) (map[string]T, string), part func(name string, v T) string, check func(name string, v T) []Fault) OptionForm {
	write := func(m map[string]T) string {
		parts := make([]string, 0, len(m))
		for _, name := range slices.Sorted(maps.Keys(m)) {
			parts = append(parts, part(name, m[name]))
		}
		return strings.Join(parts, ",")
	}
	return formOf(f, read, write, func(m map[string]T) (faults []Fault) {
		if len(m) == 0 {
			return must(nil, "left out, or have an entry")
		}
		for _, name := range slices.Sorted(maps.Keys(m)) {
			faults = append(faults, check(name, m[name])...)
		}
		return faults
	})
}

const variableName = `[A-Za-z_][A-Za-z0-9_]*`

var (
	variable = regexp.MustCompile("^" + variableName + "$")
	// nextVariable is where Dapr sees the next variable begin.
	nextVariable = regexp.MustCompile(`,\s*` + variableName + `=`)
	dataKey      = regexp.MustCompile(`^[-._a-zA-Z0-9]+$`)
)

// daprdVariables are those that the injector sets itself.
var daprdVariables = map[string]string{
	"NAMESPACE": "", "POD_NAME": "", "DAPR_TRUST_ANCHORS": "", "DAPR_CONTROLPLANE_NAMESPACE": "", "DAPR_CONTROLPLANE_TRUST_DOMAIN": "",
	"DAPR_HOST_IP": "", "DAPR_ENV_KEYS": "", "DAPR_COMPONENT_SOCKETS_FOLDER": "",
	"DAPR_API_TOKEN": ": set " + OptionAPITokenSecret, "APP_API_TOKEN": ": set " + OptionAppTokenSecret,
}

func checkVariable(name string) []Fault {
	hint, own := daprdVariables[name]
	switch {
	case !variable.MatchString(name):
		return []Fault{{At: []any{name}, Allowed: "must be named with letters, digits and underscores, not starting with a digit"}}
	case own:
		return []Fault{{At: []any{name}, Allowed: "must not be given: Dapr sets it itself" + hint}}
	}
	return nil
}

// readVariables reads "A=b,C=d" as the injector does, except that it refuses
// what the injector passes over.
func readVariables(text string) (map[string]string, string) {
	m := map[string]string{}
	for _, part := range variableParts(text) {
		name, value, ok := strings.Cut(part, "=")
		if _, twice := m[name]; !ok || twice {
			return nil, "name=value parts separated by commas, each name once: Dapr passes over anything else"
		}
		m[name] = value
	}
	return m, ""
}

// variableParts cuts before each name, so that a value may have commas.
func variableParts(text string) (parts []string) {
	for {
		at := nextVariable.FindStringIndex(text)
		if at == nil {
			return append(parts, strings.TrimSpace(text))
		}
		parts = append(parts, strings.TrimSpace(text[:at[0]]))
		text = text[at[0]+1:]
	}
}

func variables() OptionForm {
	return mapForm(OptionForm{Names: variableName}, readVariables,
		func(name, value string) string { return name + "=" + value },
		func(name, value string) []Fault {
			faults := checkVariable(name)
			switch {
			case nextVariable.MatchString(value):
				faults = append(faults, Fault{[]any{name}, nil, "must not have a comma with name= behind it: Dapr reads another variable there"})
			case strings.TrimRightFunc(value, unicode.IsSpace) != value:
				faults = append(faults, Fault{[]any{name}, nil, "must not end in a space: Dapr cuts it off"})
			}
			return faults
		})
}

func secretVariables() OptionForm {
	read := func(text string) (map[string]SecretRef, string) {
		parts, bad := readVariables(text)
		m := make(map[string]SecretRef, len(parts))
		for name, ref := range parts {
			secret, key, both := strings.Cut(strings.TrimSpace(ref), ":")
			if !both {
				key = secret
			}
			m[name] = SecretRef{strings.TrimSpace(secret), strings.TrimSpace(key)}
		}
		return m, bad
	}
	return mapForm(OptionForm{Names: variableName}, read,
		func(name string, ref SecretRef) string { return name + "=" + ref.Name + ":" + ref.Key },
		func(name string, ref SecretRef) []Fault {
			return append(checkVariable(name), checkSecretRef(name, ref)...)
		})
}

func checkSecretRef(at string, ref SecretRef) (faults []Fault) {
	switch {
	case ref.Name == "":
		faults = append(faults, Fault{[]any{at, "name"}, nil, "is required"})
	case !dnsSubdomain(ref.Name):
		faults = append(faults, Fault{[]any{at, "name"}, ref.Name, "must be a DNS-1123 name"})
	}
	switch {
	case ref.Key == "":
		faults = append(faults, Fault{[]any{at, "key"}, nil, "is required"})
	case !dataKey.MatchString(ref.Key) || len(ref.Key) > 253 || ref.Key == "." || strings.HasPrefix(ref.Key, ".."):
		faults = append(faults, Fault{[]any{at, "key"}, ref.Key, "must be letters, digits, hyphens, dots and underscores, at most 253 characters, " +
			"and must not be . or start with .."})
	}
	return faults
}

func volumeMounts() OptionForm {
	f := OptionForm{Words: "absolute directory", Pattern: `/[^:,\s]+`, Names: `[a-z0-9]([-a-z0-9]*[a-z0-9])?`}
	return mapForm(f, func(text string) (map[string]string, string) {
		m := map[string]string{}
		for part := range strings.SplitSeq(text, ",") {
			volume, path, _ := strings.Cut(strings.TrimSpace(part), ":")
			if _, twice := m[volume]; twice || path == "" || strings.Contains(path, ":") {
				return nil, "volume:path parts separated by commas, each volume once: Dapr passes over anything else"
			}
			m[volume] = path
		}
		return m, ""
	}, func(volume, path string) string { return volume + ":" + path }, func(volume, path string) (faults []Fault) {
		if !dnsLabel(volume, 63) {
			faults = append(faults, Fault{[]any{volume}, nil, "must be the name of a volume, a DNS-1123 label"})
		}
		if len(path) < 2 || path[0] != '/' || strings.ContainsAny(path, ":,") || strings.ContainsFunc(path, unicode.IsSpace) {
			faults = append(faults, Fault{[]any{volume}, path, "must be an absolute directory, without colons, commas and spaces"})
		}
		return faults
	})
}
