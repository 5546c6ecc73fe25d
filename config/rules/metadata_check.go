package rules

import (
	"maps"
	"slices"
	"strings"
)

// MetadataItem checks one plain metadata item of a component: Dapr must read the
// key for this type, the value must have the form that Dapr honours (T-10), and
// the key must not be a sensitive one (T-06).
func MetadataItem(componentType, name, value string) []Reason {
	key, reasons := metadataKey(componentType, name)
	switch {
	case reasons != nil || key == nil:
		return reasons
	case key.Sensitive:
		return plain(*key)
	case name == "consumerID" && (value == namespaced || strings.HasPrefix(value, namespaced+".")):
		value = strings.TrimPrefix(value, namespaced) // the stack's own: see NamespacedConsumer
		if value == "" {
			return nil
		}
	}
	if reasons := NoTemplate("T-10", value); reasons != nil {
		return reasons
	}
	return key.honours(value)
}

// StackMetadataItem is [MetadataItem] for the metadata of a stack file, which must
// not contain the keys that the stack sets itself. A secret value may be that of a
// sensitive key: it becomes a secretKeyRef.
func StackMetadataItem(componentType, name, value string, secret bool) []Reason {
	key, reasons := metadataKey(componentType, name)
	switch {
	case reasons != nil || key == nil:
		return reasons
	case key.Instead != "" && !key.Sensitive:
		return because("T-10", "must not be given as metadata: set %s", key.Instead)
	case slices.Contains(encryptionKeys, name):
		return notEncrypted()
	case secret && key.Sensitive && key.Instead == "":
		return NoTemplate("T-10", value)
	}
	return MetadataItem(componentType, name, value)
}

// StackSecretItem checks the name of a metadata item whose value a component of a
// stack file reads from a Secret: a key that Dapr reads and that must not be given in
// plain (T-06, T-10).
func StackSecretItem(componentType, name string) []Reason {
	key, reasons := metadataKey(componentType, name)
	switch {
	case reasons != nil || key == nil:
		return reasons
	case key.Instead != "":
		return because("T-10", "must not be given as metadata: set %s", key.Instead)
	case slices.Contains(encryptionKeys, name):
		return notEncrypted()
	case !key.Sensitive:
		return because("T-10", "must be given in metadata: it is no secret")
	}
	return nil
}

// encryptionKeys are the keys that only a sidecar that may read Secrets honours.
var encryptionKeys = []string{"primaryEncryptionKey", "secondaryEncryptionKey"}

func notEncrypted() []Reason {
	return because("T-10", "must not be given: sidecars of a stack may not read Secrets themselves, and then Dapr stores in clear without a word")
}

// templates are the parts of a value that Dapr replaces, those of a secret value
// too (dapr v1.18.2, pkg/runtime/meta).
var templates = []string{namespaced, "{podName}", "{uuid}", "{appID}"}

// NoTemplate checks that Dapr does not replace a part of a value.
func NoTemplate(rule, value string) []Reason {
	if !Templated(value) {
		return nil
	}
	return because(rule, "must not be a template: {namespace} anywhere in the metadata prefixes every topic")
}

// Templated reports whether Dapr replaces a part of a value.
func Templated(value string) bool {
	return slices.ContainsFunc(templates, func(t string) bool { return strings.Contains(value, t) })
}

// metadataKey returns a key, or why Dapr does not read it. For a type that the
// stack does not support it returns neither, because T-02 reports the type.
func metadataKey(componentType, name string) (*MetadataKey, []Reason) {
	known := Metadata(componentType)
	if known == nil {
		return nil, nil
	}
	if key, ok := known[name]; ok {
		return &key, nil
	}
	if hint, ok := refusedMetadata[name]; ok {
		return nil, because("T-10", "must not be given: %s", hint)
	}
	for _, other := range TypesOf() {
		if _, ok := Metadata(other)[name]; ok {
			return nil, because("T-10", "must not be given: Dapr reads it for %s only", other)
		}
	}
	keys := slices.Sorted(maps.Keys(known))
	for _, key := range keys {
		if slices.Contains(known[key].Old, name) {
			return nil, because("T-10", "must be written %s, its current name", key)
		}
	}
	if near := Nearest(name, keys); near != "" {
		return nil, because("T-10", "must be a key that Dapr reads for %s; did you mean %q?", componentType, near)
	}
	return nil, because("T-10", "must be a key that Dapr reads for %s", componentType)
}

func plain(key MetadataKey) []Reason {
	if key.Instead != "" {
		return because("T-06", "must not be given as a plain value: set %s, a secret", key.Instead)
	}
	return because("T-06", "must not be given as a plain value, only as a secretKeyRef: in a stack file as a Pulumi secret or by secretMetadata")
}
