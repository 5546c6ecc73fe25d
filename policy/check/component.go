package check

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/daprstack/daprstack/config/rules"
)

// autonamed is the annotation with which the Kubernetes provider marks a
// generated name.
const autonamed = "pulumi.com/autonamed"

func component(o Object, found *findings) {
	name := o.name()
	switch {
	case textOf(field(o.Fields, "metadata", "annotations", autonamed)).value == "true":
		found.put("metadata.name", "", "", rules.ComponentName("")) // T-01: applications use the name
	case name.known && (name.value == "" || !o.Anywhere):
		found.add("metadata.name", name, rules.ComponentName(name.value))
	}

	typ := textOf(field(o.Fields, "spec", "type"))
	if typ.known {
		found.add("spec.type", typ, rules.DaprType(typ.value))
	}
	if version := textOf(field(o.Fields, "spec", "version")); version.known && typ.known && (version.given || !o.Anywhere) {
		found.add("spec.version", version, rules.DaprTypeVersion(typ.value, version.value))
	}
	componentScopes(o, found)
	if typ.ready() {
		metadata(o, typ.value, found)
	}
}

func componentScopes(o Object, found *findings) {
	scopes, known := textsOf(o.Fields["scopes"])
	if !known && len(scopes) == 0 {
		return // the list itself is unknown
	}
	var names []string
	for i, s := range scopes {
		if s.known {
			names = append(names, s.value)
		} else {
			names = append(names, fmt.Sprintf("?%d", i)) // unique: unknown scopes are not duplicates
		}
	}
	path := "scopes"
	if field(o.Fields, "spec", "scopes") != nil && len(names) == 0 {
		path = "spec.scopes" // pruned there: the component is open to all
	}
	found.put(path, "", "", rules.Scopes(names))
}

// item is an entry of a component's metadata.
type item struct {
	name, value text
	secret      any // the secretKeyRef
	env         any // the envRef
}

// itemsOf returns the metadata of a component; known is false if an item or its
// name is unknown.
func itemsOf(o Object) (items []item, known bool) {
	list, known := listOf(field(o.Fields, "spec", "metadata"))
	for _, entry := range list {
		it := item{
			name: textOf(field(entry, "name")), value: textOf(field(entry, "value")),
			secret: field(entry, "secretKeyRef"), env: field(entry, "envRef"),
		}
		switch field(entry, "value").(type) {
		case map[string]any, []any: // Dapr takes it as JSON
			it.value = text{given: true}
		}
		known = known && it.name.known
		items = append(items, it)
	}
	return items, known
}

// entry returns the item in the form that the rules take.
func (it item) entry() rules.MetadataEntry {
	e := rules.MetadataEntry{Name: it.name.value, Value: it.value.value}
	switch {
	case it.value.given && !it.value.known:
		e.From = rules.FromLater
	case it.value.given:
		e.From = rules.FromValue
	case it.secret != nil:
		e.From = rules.FromSecret
	case it.env != nil:
		e.From = rules.FromEnv
	}
	return e
}

// metadata checks the items. Their values are never shown: a password may be
// there in plain text under a misspelled name.
func metadata(o Object, typ string, found *findings) {
	items, known := itemsOf(o)
	byName, reasons := map[string]item{}, map[string][]rules.Reason{}
	var entries []rules.MetadataEntry
	for _, it := range items {
		if !it.name.known {
			continue
		}
		entry, check := rules.Normal(typ, it.entry())
		byName[entry.Name] = it
		if check {
			entries = append(entries, entry)
		}
		itemValue(typ, it, entry.Name, reasons)
	}
	if known {
		merge(reasons, rules.MetadataItems(typ, entries))
	} else { // a missing item may be among the unknown ones
		for _, e := range entries {
			if e.From == rules.FromValue {
				merge(reasons, map[string][]rules.Reason{e.Name: rules.MetadataItem(typ, e.Name, e.Value)})
			}
		}
	}
	for _, name := range slices.Sorted(maps.Keys(reasons)) {
		inClear(reasons[name])
		it, given := byName[name]
		if !given {
			it.name.value = name // it is missing
		}
		found.put(it.path(), "", it.name.value, it.discreet(typ, reasons[name]))
	}
}

// inClear words the reason of a plain secret for an object: the rules speak of the
// stack file.
func inClear(reasons []rules.Reason) {
	for i, r := range reasons {
		if r.Rule == "T-06" {
			reasons[i].Allowed = "must not be given as a plain value, only as a secretKeyRef"
		}
	}
}

// discreet removes from the reasons what they reveal about a secret value: the
// suggested value is close to it.
func (it item) discreet(typ string, reasons []rules.Reason) []rules.Reason {
	key, known := rules.Metadata(typ)[it.name.value]
	if !it.value.secret || !known {
		return reasons
	}
	telling := rules.MetadataItem(typ, it.name.value, it.value.value)
	for i, r := range reasons {
		if r.Rule == "T-10" && slices.Contains(telling, r) {
			reasons[i].Allowed = "must be " + string(key.Form)
		}
	}
	return reasons
}

func itemPath(name string) string { return "spec.metadata[" + name + "]" }

// path returns the path of the item. The engine treats the whole spec as secret
// if one value in it is, so names that are keys of Dapr are shown all the same.
func (it item) path() string {
	if it.name.secret && !vocabulary(it.name.value) {
		return itemPath("[secret]")
	}
	return itemPath(it.name.value)
}

// vocabulary reports whether a name is a key that Dapr reads.
func vocabulary(name string) bool {
	return slices.ContainsFunc(rules.ComponentTypes, func(t rules.ComponentType) bool {
		_, known := t.Metadata[name]
		return known
	})
}

func merge(into, more map[string][]rules.Reason) {
	for name, reasons := range more {
		into[name] = append(into[name], reasons...)
	}
}

// itemValue checks what the metadata rules leave open: the names of topics
// (E-02) and the key prefix (N-02).
func itemValue(typ string, it item, name string, reasons map[string][]rules.Reason) {
	if !it.value.ready() {
		return
	}
	value := it.value.value
	if rules.Metadata(typ) == nil {
		reasons[it.name.value] = append(reasons[it.name.value], rules.PlainSecret(typ, it.name.value, value)...)
	}
	if rules.Placeholder(value) || rules.Templated(value) {
		return
	}
	add := func(more []rules.Reason) { reasons[name] = append(reasons[name], more...) }
	switch name {
	case "keyPrefix":
		add(rules.KeyPrefix(value))
	case "outboxPublishTopic":
		add(rules.Topic(value))
	case "allowedTopics", "protectedTopics":
		for t := range strings.SplitSeq(strings.ReplaceAll(value, " ", ""), ",") {
			add(rules.Topic(t))
		}
	case "publishingScopes", "subscriptionScopes":
		for _, topics := range topicScopes(value) {
			for _, t := range topics {
				add(rules.Topic(t))
			}
		}
	}
}

// topicScopes parses "app=topic,topic;app=" as Dapr does.
func topicScopes(value string) map[string][]string {
	all := map[string][]string{}
	for part := range strings.SplitSeq(strings.ReplaceAll(value, " ", ""), ";") {
		app, topics, ok := strings.Cut(part, "=")
		if !ok {
			continue // T-10 reports it
		}
		all[app] = nil
		if topics != "" {
			all[app] = strings.Split(topics, ",")
		}
	}
	return all
}
