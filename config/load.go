package config

import (
	"encoding/json"
	"errors"
	"io"
	"maps"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/util/validation/field"
)

// Load turns raw configuration values into a stack that can be deployed: strict
// decoding, defaults, validation. The keys are those of Pulumi, with their
// namespace ("daprstack:apps"); keys of other namespaces are left alone. Values
// are plain text for text keys and JSON for all others.
//
// The top-level keys named in secretKeys ("daprstack:redis") hold secrets:
// nothing below them is shown in an error.
//
// The error is an [Errors] with every problem at once. Problems of form (unknown
// keys, wrong types) are reported first and alone: what was not understood
// cannot be judged.
func Load(raw map[string]string, secretKeys ...string) (*Stack, error) {
	hidden := map[string]bool{}
	for _, k := range secretKeys {
		hidden[strings.TrimPrefix(k, Namespace+":")] = true
	}
	s, err := decode(raw, hidden)
	if err != nil {
		return nil, err
	}
	Default(s)
	if err := validate(s, hidden); err != nil {
		return nil, err
	}
	return s, nil
}

// decode reads the raw values into a Stack without judging them.
func decode(raw map[string]string, hidden map[string]bool) (*Stack, error) {
	s := &Stack{}
	fields := fieldsOf(s)
	d := &decoder{collector{hidden: hidden}}
	for _, full := range slices.Sorted(maps.Keys(raw)) {
		key, ours := strings.CutPrefix(full, Namespace+":")
		if !ours {
			continue
		}
		path := field.NewPath(key)
		target, known := fields[key]
		if !known {
			d.unknown(path, key, fields)
			continue
		}
		d.value(path, parse(raw[full], target.isText()), target, hidden[key])
	}
	return s, d.errors()
}

// parse reads one raw value: JSON, except that text stands for itself.
func parse(raw string, text bool) any {
	v, err := parseJSON(raw)
	switch v.(type) {
	case map[string]any, []any:
		return v
	}
	if text || err != nil {
		return raw
	}
	return v
}

func parseJSON(raw string) (any, error) {
	dec := json.NewDecoder(strings.NewReader(raw))
	dec.UseNumber() // an integer stays one
	var v any
	if err := dec.Decode(&v); err != nil {
		return nil, err
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("more than one value")
	}
	return v, nil
}
