package config

import (
	"fmt"
	"maps"
	"math"
	"regexp"
	"slices"
	"strings"

	"github.com/daprstack/daprstack/config/rules"
	"k8s.io/apimachinery/pkg/api/resource"
	"k8s.io/apimachinery/pkg/util/validation"
	"k8s.io/apimachinery/pkg/util/validation/field"
)

// validate checks a stack whose defaults are filled in.
func validate(s *Stack, c *collector) {
	v := &validator{c, s, newLookup(s)}
	v.cluster()
	v.dapr()
	v.redis()
	v.components()
	v.events()
	v.applications()
	v.peerAddresses()
	v.resiliency()
}

// validator walks a stack and asks package rules about each value. It adds the
// path, and the names that a reference can use.
type validator struct {
	*collector
	stack *Stack
	lookup
}

// add reports the reasons why the value at path is refused, unless that could
// follow from a part that was not understood: see [misread]. By lists the paths
// of the values that it was checked against, with [] for an index if any item of
// a list may count.
func (v *validator) add(path *field.Path, value any, reasons []rules.Reason, by ...string) {
	if len(reasons) == 0 {
		return
	}
	by = append(by, path.String())
	if slices.ContainsFunc(by, v.misread.touches) {
		return
	}
	for _, r := range reasons {
		if slices.ContainsFunc(by, v.hides) {
			r.Allowed = quoted.ReplaceAllString(r.Allowed, masked) // it may quote a secret
		}
		v.collector.add(path, value, r)
	}
}

// quoted matches the quoted parts of a reason, such as a suggestion.
var quoted = regexp.MustCompile(`"[^"]*"`)

// form is add for a problem that has no rule number.
func (v *validator) form(path *field.Path, value any, allowed string, by ...string) {
	v.add(path, value, []rules.Reason{{Allowed: allowed}}, by...)
}

// addEach reports what is wrong with the items of a list, by their positions.
func (v *validator) addEach(found map[int][]rules.Reason, values []string, path func(int) *field.Path) {
	for _, i := range slices.Sorted(maps.Keys(found)) {
		v.add(path(i), values[i], found[i])
	}
}

// knownApp checks a reference to an app by its app-id.
func (v *validator) knownApp(rule string, path *field.Path, id string) bool {
	reasons := rules.Known(rule, "the app-id of an app of the stack that has a sidecar", id, v.appIDs)
	v.add(path, id, reasons, "apps[].sidecar.appId")
	return reasons == nil
}

// image matches everything that a registry client accepts, and more: the
// registry checks the rest.
var image = regexp.MustCompile(`^[a-zA-Z0-9][\w.\-:/@]*$`)

// valid reports whether a check of apimachinery finds nothing wrong with s.
func valid(check func(string) []string, s string) bool { return len(check(s)) == 0 }

func (v *validator) image(path *field.Path, ref string) {
	switch {
	case ref == "":
		v.form(path, nil, "is required")
	case !image.MatchString(ref):
		v.form(path, ref, "must be an image reference")
	default:
		if _, digest, given := strings.Cut(ref, "@"); given && !imageDigest.MatchString(digest) {
			v.form(path, ref, "must be an image reference, whose digest is sha256: with 64 hexadecimal digits in lower case")
		}
	}
}

// name checks the name of an object that the stack does not make.
func (v *validator) name(path *field.Path, name string) {
	switch {
	case name == "":
		v.form(path, nil, "is required")
	case rules.ComponentName(name) != nil:
		v.form(path, name, "must be a DNS-1123 name")
	}
}

func (v *validator) secretKey(path *field.Path, ref SecretKey) {
	v.name(path.Child("name"), ref.Name)
	switch {
	case ref.Key == "":
		v.form(path.Child("key"), nil, "is required")
	case !valid(validation.IsConfigMapKey, ref.Key):
		v.form(path.Child("key"), ref.Key, "must be letters, digits, hyphens, dots and underscores, at most 253 characters, "+
			"and must not be . or start with ..")
	}
}

func (v *validator) resources(path *field.Path, r Resources) {
	for _, side := range []struct {
		name   string
		values map[string]string
	}{{"requests", r.Requests}, {"limits", r.Limits}} {
		for _, key := range slices.Sorted(maps.Keys(side.values)) {
			p := child(path.Child(side.name), key)
			if key != "cpu" && key != "memory" && key != "ephemeral-storage" {
				v.form(p, nil, "unknown key; the keys here are cpu, ephemeral-storage, memory")
				continue
			}
			v.quantity(p, side.values[key])
		}
	}
	for _, key := range slices.Sorted(maps.Keys(r.Requests)) {
		request, err1 := parseQuantity(r.Requests[key])
		limit, err2 := parseQuantity(r.Limits[key])
		if err1 == nil && err2 == nil && request.Cmp(limit) > 0 {
			v.form(child(path.Child("requests"), key), r.Requests[key], "must not be more than the limit, "+limit.String(),
				child(path.Child("limits"), key).String())
		}
	}
}

// storageClass checks the name of a storage class, which may be left out.
func (v *validator) storageClass(path *field.Path, name string) {
	if name != "" {
		v.name(path, name)
	}
}

// quantity checks and returns a positive Kubernetes quantity, or nil if it is
// not one.
func (v *validator) quantity(path *field.Path, text string) *resource.Quantity {
	q, err := parseQuantity(text)
	if err != nil || q.Sign() <= 0 {
		v.form(path, text, "must be a positive Kubernetes quantity such as 500m or 1Gi")
		return nil
	}
	return &q
}

// parseQuantity reads a Kubernetes quantity, unless it is so long, or has an
// exponent so large, that reading it would take forever.
func parseQuantity(text string) (resource.Quantity, error) {
	if !readable.MatchString(text) {
		return resource.Quantity{}, resource.ErrFormatWrong
	}
	return resource.ParseQuantity(text)
}

var readable = regexp.MustCompile(`^[-+.\d]{1,30}([a-zA-Z]{0,2}|[eE][-+]?\d{1,2})$`)

func root(key string) *field.Path { return field.NewPath(key) }

// broken returns why a value is refused, with the number of the rule.
func broken(rule, allowed string) []rules.Reason {
	return []rules.Reason{{Rule: rule, Allowed: allowed}}
}

// oneOf checks a value that may be left out.
func (v *validator) oneOf(path *field.Path, value string, allowed ...string) {
	if value != "" && !slices.Contains(allowed, value) {
		v.form(path, value, "must be one of "+strings.Join(allowed, ", "))
	}
}

// choice checks a value that is required.
func (v *validator) choice(path *field.Path, value string, allowed ...string) {
	if value == "" {
		v.form(path, nil, "is required: one of "+strings.Join(allowed, ", "))
		return
	}
	v.oneOf(path, value, allowed...)
}

// count checks a number of 32 bits.
func (v *validator) count(path *field.Path, n, least int) {
	if n < least || n > math.MaxInt32 {
		v.form(path, n, fmt.Sprintf("must be %d or more, of 32 bits", least))
	}
}
