package dapr

import (
	"maps"
	"slices"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/daprstack/daprstack/components/secrets"
)

// An Item is one entry of a component's metadata: a plain value or a reference
// to a Secret. It is made by [Value] or [SecretRef], so it cannot have both or
// neither.
type Item struct {
	name   string
	value  string
	secret *secrets.Ref
}

// Value returns an item with a plain value.
func Value(name, value string) Item { return Item{name: name, value: value} }

// SecretRef returns an item whose value Dapr reads from a Secret of the
// component's namespace (T-06, X-06).
func SecretRef(name string, ref secrets.Ref) Item { return Item{name: name, secret: &ref} }

// values converts maps to items, in the order of their names. What is secret
// takes the place of a plain value.
func values(plain map[string]string, secret map[string]secrets.Ref) []Item {
	all := map[string]Item{}
	for name, value := range plain {
		all[name] = Value(name, value)
	}
	for name, ref := range secret {
		all[name] = SecretRef(name, ref)
	}
	var items []Item
	for _, name := range slices.Sorted(maps.Keys(all)) {
		items = append(items, all[name])
	}
	return items
}

// metadata renders items as the metadata list of a Component.
func metadata(items []Item) pulumi.MapArray {
	list := make(pulumi.MapArray, len(items))
	for i, item := range items {
		entry := pulumi.Map{"name": pulumi.String(item.name)}
		if item.secret != nil {
			entry["secretKeyRef"] = pulumi.Map{
				"name": item.secret.Name, "key": pulumi.String(item.secret.Key),
			}
		} else {
			entry["value"] = pulumi.String(item.value)
		}
		list[i] = entry
	}
	return list
}
