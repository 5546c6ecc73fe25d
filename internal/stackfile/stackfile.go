// Package stackfile reads the configuration of a stack from its file
// (Pulumi.<stack>.yaml) in the form in which Pulumi hands it to a program.
package stackfile

import (
	"encoding/json"
	"fmt"
	"os"

	"sigs.k8s.io/yaml"
)

// Read reads the configuration values of a stack file: by key, text as it is,
// everything else as JSON. Encrypted values stay as they are, so a file that has
// some cannot be checked without Pulumi.
func Read(path string) (map[string]string, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("reading the stack file: %w", err)
	}
	values, err := Parse(data)
	if err != nil {
		return nil, fmt.Errorf("reading the stack file %s: %w", path, err)
	}
	return values, nil
}

// Parse is [Read] for the content of a stack file. A key that is given twice is
// an error, as it is for Pulumi.
func Parse(data []byte) (map[string]string, error) {
	var file map[string]json.RawMessage // beside config there are keys of Pulumi's own
	if err := yaml.UnmarshalStrict(data, &file); err != nil {
		return nil, err
	}
	var config map[string]json.RawMessage
	if raw, ok := file["config"]; ok {
		if err := json.Unmarshal(raw, &config); err != nil {
			return nil, fmt.Errorf("reading config: %w", err)
		}
	}
	values := make(map[string]string, len(config))
	for key, raw := range config {
		var text string
		if json.Unmarshal(raw, &text) == nil {
			values[key] = text
			continue
		}
		values[key] = string(raw)
	}
	return values, nil
}
