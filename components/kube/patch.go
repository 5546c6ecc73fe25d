package kube

import (
	"cmp"
	"fmt"
	"reflect"
	"slices"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/strategicpatch"
)

// PatchPod returns an option that registers a workload with strategic merge patches
// applied to its pod template, which stands at a path such as spec, template. The
// workload are the Args of the SDK that the resource is made with. A patch has the
// values of JSON, and may have Inputs of Pulumi among them; it is applied to what is
// known, so that a preview shows everything else as it will be.
func PatchPod(workload pulumi.Input, patches []map[string]any, path ...string) (pulumi.ResourceOption, error) {
	if len(patches) == 0 {
		return pulumi.Composite(), nil
	}
	var p placeholders
	patched, err := p.patched(workload, patches, path)
	if err == nil {
		err = p.err
	}
	if err != nil {
		return nil, fmt.Errorf("patching the pod: %w", err)
	}
	return pulumi.Transformations([]pulumi.ResourceTransformation{func(args *pulumi.ResourceTransformationArgs) *pulumi.ResourceTransformationResult {
		inputs := p.input(patched).(pulumi.Map)
		for _, key := range []string{"apiVersion", "kind"} { // the SDK has set them in the meantime
			inputs[key] = reflect.Indirect(reflect.ValueOf(args.Props)).FieldByName(strings.ToUpper(key[:1]) + key[1:]).Interface().(pulumi.Input)
		}
		return &pulumi.ResourceTransformationResult{Props: inputs, Opts: args.Opts}
	}}), nil
}

// patched returns the inputs of a workload as values of JSON, with the patches applied.
func (p *placeholders) patched(workload pulumi.Input, patches []map[string]any, path []string) (map[string]any, error) {
	object, _ := p.plain(reflect.ValueOf(workload)).(map[string]any)
	above := object
	for _, key := range path[:len(path)-1] {
		above, _ = above[key].(map[string]any)
	}
	last := path[len(path)-1]
	template, ok := above[last].(map[string]any)
	if !ok {
		return nil, fmt.Errorf("there is no pod template at %s", strings.Join(path, "."))
	}
	schema, err := strategicpatch.NewPatchMetaFromStruct(corev1.PodTemplateSpec{})
	if err != nil {
		return nil, err
	}
	for _, patch := range patches {
		before, _ := copied(template).(map[string]any) // the merge changes what it gets
		plain, _ := p.plain(reflect.ValueOf(patch)).(map[string]any)
		template, err = strategicpatch.StrategicMergeMapPatchUsingLookupPatchMeta(template, plain, schema)
		if err != nil {
			return nil, err
		}
		inOrder(before, template, schema)
	}
	above[last] = template
	return object, nil
}

// placeholders stand for the Outputs among values of JSON.
type placeholders struct {
	outputs []pulumi.Input
	err     error
}

// mark begins every placeholder; no value of Kubernetes holds it.
const mark = "\x00output "

var outputType = reflect.TypeFor[pulumi.Output]()

// plain returns a value, the Args of the SDK or one of JSON, as JSON has it.
func (p *placeholders) plain(v reflect.Value) any {
	for v.IsValid() && (v.Kind() == reflect.Interface || v.Kind() == reflect.Pointer && !v.Type().Implements(outputType)) {
		v = v.Elem()
	}
	if !v.IsValid() {
		return nil
	}
	if v.Type().Implements(outputType) {
		p.outputs = append(p.outputs, v.Interface().(pulumi.Input))
		return fmt.Sprintf("%s%d", mark, len(p.outputs)-1)
	}
	switch v.Kind() {
	case reflect.Struct:
		fields := map[string]any{}
		for i := range v.NumField() {
			f := v.Type().Field(i)
			name := cmp.Or(f.Tag.Get("pulumi"), strings.ToLower(f.Name[:1])+f.Name[1:]) // a resource has no tags
			if value := p.plain(v.Field(i)); value != nil {
				fields[name] = value
			}
		}
		return fields
	case reflect.Map:
		entries := map[string]any{}
		for _, key := range v.MapKeys() {
			entries[key.String()] = p.plain(v.MapIndex(key))
		}
		return entries
	case reflect.Slice:
		items := make([]any, v.Len())
		for i := range items {
			items[i] = p.plain(v.Index(i))
		}
		return items
	case reflect.String:
		return v.String()
	case reflect.Bool:
		return v.Bool()
	case reflect.Int, reflect.Int32, reflect.Int64:
		return int(v.Int())
	case reflect.Float64:
		return v.Float()
	default:
		p.err = fmt.Errorf("JSON has no value for a %s", v.Type())
		return nil
	}
}

// input returns values of JSON as an Input, with the Outputs in their places.
func (p *placeholders) input(v any) pulumi.Input {
	switch v := v.(type) {
	case map[string]any:
		m := pulumi.Map{}
		for key, value := range v {
			if value != nil {
				m[key] = p.input(value)
			}
		}
		return m
	case []any:
		list := make(pulumi.Array, len(v))
		for i, item := range v {
			list[i] = p.input(item)
		}
		return list
	case string:
		if number, is := strings.CutPrefix(v, mark); is {
			var n int
			if _, err := fmt.Sscan(number, &n); err == nil {
				return p.outputs[n]
			}
		}
		return pulumi.String(v)
	case bool:
		return pulumi.Bool(v)
	case int:
		return pulumi.Int(v)
	case float64:
		return pulumi.Float64(v)
	default:
		return nil
	}
}

// inOrder puts what a patch adds to a list behind what was there: a merge puts it
// first, but a variable can only refer to those before it, and the container of the app
// comes first.
func inOrder(before, after map[string]any, schema strategicpatch.LookupPatchMeta) {
	for key, value := range after {
		switch now := value.(type) {
		case map[string]any:
			was, ok := before[key].(map[string]any)
			if below, _, err := schema.LookupPatchMetadataForStruct(key); ok && err == nil { // else it is a map, such as labels
				inOrder(was, now, below)
			}
		case []any:
			was, ok := before[key].([]any)
			if below, meta, err := schema.LookupPatchMetadataForSlice(key); ok && err == nil && meta.GetPatchMergeKey() != "" {
				after[key] = itemsInOrder(was, now, meta.GetPatchMergeKey(), below)
			}
		}
	}
}

func itemsInOrder(was, now []any, key string, schema strategicpatch.LookupPatchMeta) (sorted []any) {
	left := slices.Clone(now)
	for _, old := range was {
		o, _ := old.(map[string]any)
		i := slices.IndexFunc(left, func(item any) bool { return get(item, key) == o[key] })
		if i < 0 {
			continue
		}
		if n, ok := left[i].(map[string]any); ok {
			inOrder(o, n, schema)
		}
		sorted = append(sorted, left[i])
		left = slices.Delete(left, i, i+1)
	}
	return append(sorted, left...)
}

func get(item any, key string) any {
	m, _ := item.(map[string]any)
	return m[key]
}

func copied(v any) any {
	switch v := v.(type) {
	case map[string]any:
		m := make(map[string]any, len(v))
		for key, value := range v {
			m[key] = copied(value)
		}
		return m
	case []any:
		list := make([]any, len(v))
		for i, item := range v {
			list[i] = copied(item)
		}
		return list
	}
	return v
}
