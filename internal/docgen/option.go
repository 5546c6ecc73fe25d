package main

import (
	"cmp"
	"encoding/json"
	"fmt"
	"reflect"
	"strconv"
	"strings"
	"time"

	"github.com/daprstack/daprstack/config"
	"github.com/daprstack/daprstack/config/rules"
)

// options returns the keys of a sidecar that are rows of the table, and an object
// for each group of them.
func options(place string) (keys []key, groups []*object) {
	for _, row := range rules.Options() {
		group, name := row.Group()
		k := key{Name: name, Doc: optionDoc(row), Type: optionType(row), Form: optionForm(row.Form)}
		if group == "" {
			keys = append(keys, k)
			continue
		}
		title := strings.ToUpper(group[:1]) + group[1:]
		if len(groups) == 0 || groups[len(groups)-1].Name != title {
			doc := rules.SidecarGroups[group]
			groups = append(groups, &object{Name: title, Doc: doc, Places: []string{place + "." + group}})
			keys = append(keys, key{Name: group, Doc: firstSentence(doc) + " Default none.", Type: reflect.TypeFor[struct{}](), Group: title})
		}
		last := groups[len(groups)-1]
		last.Keys = append(last.Keys, k)
	}
	return keys, groups
}

func firstSentence(doc string) string { return strings.TrimSpace(sentence.FindString(doc)) }

// optionType returns the type of an option in package config.
func optionType(row rules.SidecarOption) reflect.Type {
	switch t := row.Form.Type(); t {
	case reflect.TypeFor[time.Duration]():
		return durationType
	case reflect.TypeFor[map[string]rules.SecretRef]():
		return reflect.TypeFor[map[string]config.SecretKey]()
	default:
		return t
	}
}

// optionDoc returns the documentation of an option, with its default and its
// rule.
func optionDoc(row rules.SidecarOption) string {
	unset, doc := cmp.Or(row.Unset, "none"), row.Doc
	if row.Default != nil {
		unset = standardText(row.Default)
	}
	if row.Before != nil {
		unset += "; before 1.18, " + standardText(row.Before)
	}
	if row.Rule != "" {
		unset += " (" + row.Rule + ")"
	}
	if row.Since != "" {
		doc += " Dapr " + row.Since + " or later."
	}
	return doc + " Default " + unset + "."
}

// standardText returns a default as a stack file would have it.
func standardText(v any) string {
	switch v := v.(type) {
	case []string:
		return strings.Join(v, ", ")
	case time.Duration:
		return config.Duration{Duration: v}.String()
	default:
		return fmt.Sprint(v)
	}
}

func optionForm(f rules.OptionForm) form {
	all := form{Words: f.Words}
	for _, v := range f.Only {
		all.Schema.Enum = append(all.Schema.Enum, v)
	}
	if f.Pattern != "" {
		all.Schema.Pattern = "^(" + f.Pattern + ")$"
	}
	if f.Min != nil {
		all.Schema.Minimum, all.Schema.Maximum = json.Number(strconv.Itoa(*f.Min)), json.Number(strconv.Itoa(*f.Max))
	}
	if f.Names != "" {
		all.Names = &schema{Pattern: "^(" + f.Names + ")$"}
	}
	if f.Type().Kind() == reflect.Slice {
		return all.each()
	}
	return all
}
