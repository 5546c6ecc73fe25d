package config

import (
	"encoding/json"
	"strings"
	"unicode/utf8"

	"k8s.io/apimachinery/pkg/util/validation/field"
)

// parse reads one raw value: JSON, except that text stands for itself.
func (d *decoder) parse(path *field.Path, raw string, text bool) any {
	if !utf8.ValidString(raw) {
		d.reject(path, nil, "must be UTF-8 text")
		return nil
	}
	if !json.Valid([]byte(raw)) { // which also limits the depth
		return raw
	}
	dec := json.NewDecoder(strings.NewReader(raw))
	dec.UseNumber() // an integer stays one
	v := d.next(path, dec)
	switch v.(type) {
	case map[string]any, []any:
		return v
	}
	if text {
		return raw
	}
	return v
}

// next reads the next value of valid JSON. Unlike encoding/json, it rejects
// duplicate keys.
func (d *decoder) next(path *field.Path, dec *json.Decoder) any {
	token, _ := dec.Token() // it is valid
	switch token {
	case json.Delim('{'):
		entries := map[string]any{}
		for dec.More() {
			name, _ := dec.Token()
			key := name.(string) // JSON has no other keys
			at := child(path, key)
			if _, again := entries[key]; again {
				d.reject(at, nil, "must be given once")
			}
			entries[key] = d.next(at, dec)
		}
		_, _ = dec.Token()
		return entries
	case json.Delim('['):
		items := []any{}
		for dec.More() {
			items = append(items, d.next(path.Index(len(items)), dec))
		}
		_, _ = dec.Token()
		return items
	}
	return token
}
