package config

import (
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/daprstack/daprstack/config/rules"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/apimachinery/pkg/util/validation/field"
)

// manifest checks that a value has the fields of a Kubernetes type, and no other, all
// of the right type. It finds what strict decoding finds, with the path of each
// problem and not only of the first.
func (v *validator) manifest(path *field.Path, in any, of reflect.Type) {
	manifestChecker{v, false}.value(path, in, of, false)
}

// patch is manifest for a strategic merge patch, which may have directives beside the
// fields.
func (v *validator) patch(path *field.Path, in any, of reflect.Type) {
	manifestChecker{v, true}.value(path, in, of, false)
}

type manifestChecker struct {
	*validator
	patch bool
}

// The types of Kubernetes that are written as a text or a number.
var (
	quantityType    = reflect.TypeFor[resource.Quantity]()
	intOrStringType = reflect.TypeFor[intstr.IntOrString]()
	timeType        = reflect.TypeFor[metav1.Time]()
	microTimeType   = reflect.TypeFor[metav1.MicroTime]()
	fieldsType      = reflect.TypeFor[metav1.FieldsV1]()
)

func (c manifestChecker) value(path *field.Path, in any, of reflect.Type, hidden bool) {
	if of.Kind() == reflect.Pointer {
		of = of.Elem()
	}
	if in == nil || in == Encrypted || in == Unknown {
		return
	}
	expect := func(ok bool, expected, kind string) {
		if !ok {
			c.unfit(path, in, hidden, expected, kind)
		}
	}
	switch of {
	case quantityType:
		expect(isQuantity(in), "a Kubernetes quantity such as 500m or 1Gi", text)
		return
	case intOrStringType:
		_, isText := in.(string)
		expect(isText || within(in, math.MinInt32, math.MaxInt32), "a whole number or text", number)
		return
	case timeType, microTimeType:
		written, _ := in.(string)
		_, err := time.Parse(time.RFC3339, written)
		expect(err == nil, "a time such as 2006-01-02T15:04:05Z", text)
		return
	case fieldsType:
		return
	}
	switch of.Kind() {
	case reflect.Struct:
		entries, ok := entriesOf(in)
		expect(ok, "an object", object)
		c.structure(path, entries, of, hidden)
	case reflect.Map:
		entries, ok := entriesOf(in)
		expect(ok, "an object", object)
		for _, key := range slices.Sorted(maps.Keys(entries)) {
			if !c.patch || key != patchDirective {
				c.value(child(path, key), entries[key], of.Elem(), hidden)
			}
		}
	case reflect.Slice:
		items, ok := in.([]any)
		expect(ok, "a list", list)
		for i, item := range items {
			c.value(path.Index(i), item, of.Elem(), hidden)
		}
	case reflect.String:
		_, ok := in.(string)
		expect(ok, "text", text)
	case reflect.Bool:
		_, ok := in.(bool)
		expect(ok, "true or false", truth)
	case reflect.Int32:
		expect(within(in, math.MinInt32, math.MaxInt32), "a whole number of 32 bits", number)
	case reflect.Int64:
		expect(within(in, math.MinInt64, math.MaxInt64), "a whole number", number)
	default:
		panic("config: no check for " + of.String()) // a new type in Kubernetes; a test walks all of them
	}
}

// structure checks the entries of an object.
func (c manifestChecker) structure(path *field.Path, entries map[string]any, of reflect.Type, hidden bool) {
	fields := kubernetesFields(of)
	for _, key := range slices.Sorted(maps.Keys(entries)) {
		at := child(path, key)
		f, known := fields[key]
		switch {
		case known:
			below := c
			if f.Type.Kind() == reflect.Slice && !strings.Contains(f.Tag.Get("patchStrategy"), "merge") {
				below.patch = false // it is replaced as a whole
			}
			below.value(at, entries[key], f.Type, hidden || MayBeSecret(key))
			if merge := f.Tag.Get("patchMergeKey"); merge != "" {
				c.keyed(at, entries[key], merge)
			}
		case c.patch && strings.HasPrefix(key, "$"):
			c.directive(path, key, entries[key], fields)
		default:
			c.noField(at, key, of, fields)
		}
	}
}

// keyed checks that each item of a list has the field by which a patch finds it.
func (c manifestChecker) keyed(path *field.Path, in any, key string) {
	items, _ := in.([]any)
	for i, item := range items {
		if entries, ok := entriesOf(item); ok && entries[key] == nil && entries[patchDirective] != "replace" {
			c.add(path.Index(i).Child(key), nil, noFit("is required"))
		}
	}
}

// The directives of a strategic merge patch.
const (
	patchDirective   = "$patch"
	retainDirective  = "$retainKeys"
	removedDirective = "$deleteFromPrimitiveList/"
)

func (c manifestChecker) directive(path *field.Path, key string, in any, fields map[string]reflect.StructField) {
	at := path.Key(key)
	_, isList := in.([]any)
	_, of, _ := strings.Cut(key, "/")
	_, known := fields[of]
	switch {
	case key == patchDirective:
		if !slices.Contains([]any{"merge", "replace", "delete"}, in) {
			c.add(at, in, noFit("must be one of merge, replace, delete"))
		}
	case key == retainDirective, known && key == removedDirective+of:
		if !isList {
			c.unfit(at, in, false, "a list", list)
		}
	default:
		c.add(at, nil, noFit("is no directive of a strategic merge patch; they are $patch, $retainKeys and $deleteFromPrimitiveList/<list>"))
	}
}

// maxFields is how many fields of a type an error lists.
const maxFields = 15

func (c manifestChecker) noField(at *field.Path, key string, of reflect.Type, fields map[string]reflect.StructField) {
	names := slices.Sorted(maps.Keys(fields))
	switch near := rules.Nearest(key, names); {
	case near != "":
		c.add(at, nil, noFit("unknown field of %s in Kubernetes; did you mean %q?", of.Name(), near))
	case len(names) <= maxFields:
		c.add(at, nil, noFit("unknown field of %s in Kubernetes, which has %s", of.Name(), strings.Join(names, ", ")))
	default:
		c.add(at, nil, noFit("unknown field of %s in Kubernetes", of.Name()))
	}
}

func (c manifestChecker) unfit(path *field.Path, in any, hidden bool, expected, kind string) {
	shown := in
	if hidden {
		shown = nil
	}
	if is := describe(in); is != kind {
		expected += ", not " + is
	}
	c.add(path, shown, noFit("must be %s", expected))
	c.misread.mark(path.String())
}

// noFit returns why something is not of the Kubernetes API.
func noFit(format string, args ...any) []rules.Reason {
	return []rules.Reason{{Rule: "A-03", Allowed: fmt.Sprintf(format, args...)}}
}

// kubernetesFields returns the fields of a type of the Kubernetes API by their names
// there, those of the structures in it that have no name included.
func kubernetesFields(of reflect.Type) map[string]reflect.StructField {
	fields := map[string]reflect.StructField{}
	for i := range of.NumField() {
		f := of.Field(i)
		switch name, _, _ := strings.Cut(f.Tag.Get("json"), ","); {
		case name != "":
			fields[name] = f
		case f.Anonymous && f.Type.Kind() == reflect.Struct:
			maps.Copy(fields, kubernetesFields(f.Type))
		}
	}
	return fields
}

// entriesOf returns the entries of an object of any type, and false for another value.
func entriesOf(in any) (map[string]any, bool) {
	switch in := in.(type) {
	case map[string]any:
		return in, true
	case Manifest:
		return in, true
	case Probe:
		return in, true
	default:
		return nil, false
	}
}

func within(in any, least, most int) bool {
	n, ok := in.(int)
	return ok && n >= least && n <= most
}

func isQuantity(in any) bool {
	switch in := in.(type) {
	case string:
		_, err := parseQuantity(in)
		return err == nil
	case int:
		return true
	case float64:
		written, err := json.Marshal(in)
		if err != nil {
			return false
		}
		_, err = parseQuantity(string(written))
		return err == nil
	default:
		return false
	}
}
