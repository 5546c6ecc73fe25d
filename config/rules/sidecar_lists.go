package rules

import (
	"maps"
	"net/netip"
	"regexp"
	"slices"
	"strings"
	"unicode"
)

// listForm returns the form of a list of texts, separated by commas in an
// annotation.
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

// listenAddresses returns the form of a list of addresses. Dapr appends a port
// to each of them unchanged, and skips those that it cannot listen on.
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

// mapForm returns the form of a map, whose entries an annotation holds separated
// by commas and sorted by name. Check checks one entry.
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
	// nextVariable matches where Dapr sees the next variable begin.
	nextVariable = regexp.MustCompile(`,\s*` + variableName + `=`)
	dataKey      = regexp.MustCompile(`^[-._a-zA-Z0-9]+$`)
)

// daprdVariables maps the variables that the injector sets itself to hints.
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
// what the injector skips.
func readVariables(text string) (map[string]string, string) {
	m := map[string]string{}
	for _, part := range variableParts(text) {
		name, value, ok := strings.Cut(part, "=")
		if _, twice := m[name]; !ok || twice {
			return nil, "name=value parts separated by commas, each name once: Dapr skips anything else"
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
				faults = append(faults, Fault{[]any{name}, value, "must not have a comma with name= behind it: Dapr reads another variable there"})
			case strings.TrimRightFunc(value, unicode.IsSpace) != value:
				faults = append(faults, Fault{[]any{name}, value, "must not end in a space: Dapr cuts it off"})
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
				return nil, "volume:path parts separated by commas, each volume once: Dapr skips anything else"
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
