package settings

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/daprstack/daprstack/config/rules"
)

// The keys of a policy's configuration. The enforcementLevel belongs to the
// engine.
const (
	allowKey  = "allow"
	exemptKey = "exemptNamespaces"
	levelKey  = "enforcementLevel"
)

// everyPolicy configures all policies at once. The engine reads only a level
// from it.
const everyPolicy = "all"

var levels = []string{"mandatory", "advisory", "disabled"}

// Schema returns the JSON Schema of a policy's configuration keys, with which
// the engine checks them.
func Schema() map[string]map[string]any {
	list := func(description string) map[string]any {
		return map[string]any{
			"type": "array", "items": map[string]any{"type": "string"}, "description": description,
		}
	}
	return map[string]map[string]any{
		allowKey:  list("Regular expressions (RE2). A refused value, or the name of a metadata item, is allowed if one of them matches all of it."),
		exemptKey: list("Namespaces whose objects this policy does not check. Default: none."),
	}
}

// Settings is the configuration of one policy. The zero value exempts nothing.
type Settings struct {
	allow  []*regexp.Regexp
	exempt []string
}

// Exempts reports whether a violation is allowed, by its subject or by the
// namespace of its object.
func (s Settings) Exempts(subject, namespace string) bool {
	if slices.Contains(s.exempt, namespace) {
		return true
	}
	return subject != "" && slices.ContainsFunc(s.allow, func(re *regexp.Regexp) bool { return re.MatchString(subject) })
}

// New parses the configuration of one policy, without its level, and returns
// all errors at once.
func New(properties map[string]any) (Settings, error) {
	var (
		s    Settings
		errs []error
	)
	for _, key := range slices.Sorted(maps.Keys(properties)) {
		switch key {
		case allowKey:
			texts, err := textList(key, properties[key])
			errs = append(errs, err)
			for i, t := range texts {
				re, err := regexp.Compile(`^(?:` + t + `)$`)
				if err != nil {
					errs = append(errs, fmt.Errorf("%s[%d]: %q: must be a regular expression: %w", key, i, t, err))
					continue
				}
				s.allow = append(s.allow, re)
			}
		case exemptKey:
			texts, err := textList(key, properties[key])
			errs = append(errs, err)
			s.exempt = texts
		default:
			errs = append(errs, unknown(key, []string{allowKey, exemptKey, levelKey}, "is not a key of a policy"))
		}
	}
	return s, errors.Join(errs...)
}

func textList(key string, v any) ([]string, error) {
	list, ok := v.([]any)
	if !ok {
		return nil, fmt.Errorf("%s: must be a list of text", key)
	}
	var texts []string
	for i, item := range list {
		t, ok := item.(string)
		if !ok {
			return nil, fmt.Errorf("%s[%d]: must be text", key, i)
		}
		texts = append(texts, t)
	}
	return texts, nil
}

func unknown(key string, known []string, problem string) error {
	if near := rules.Nearest(key, known); near != "" {
		return fmt.Errorf("%s: %s; did you mean %q?", key, problem, near)
	}
	return fmt.Errorf("%s: %s", key, problem)
}

// Check validates a whole policy configuration file, JSON as the engine reads
// it, and returns all errors at once. The engine itself ignores a policy that
// it does not know.
func Check(file []byte) error {
	if strings.TrimSpace(string(file)) == "" {
		return nil
	}
	var policies map[string]any
	if err := json.Unmarshal(file, &policies); err != nil {
		return fmt.Errorf("must be a JSON object, one key for each policy: %w", err)
	}
	known := []string{everyPolicy}
	for _, p := range Policies {
		known = append(known, p.Name)
	}
	var errs []error
	for _, name := range slices.Sorted(maps.Keys(policies)) {
		if !slices.Contains(known, name) {
			errs = append(errs, unknown(name, known, "is not a policy"))
			continue
		}
		for err := range each(checkPolicy(name, policies[name])) {
			errs = append(errs, fmt.Errorf("%s.%w", name, err))
		}
	}
	return errors.Join(errs...)
}

// each iterates over joined errors.
func each(err error) func(func(error) bool) {
	return func(yield func(error) bool) {
		joined, ok := err.(interface{ Unwrap() []error })
		if !ok {
			if err != nil {
				yield(err)
			}
			return
		}
		for _, e := range joined.Unwrap() {
			if !yield(e) {
				return
			}
		}
	}
}

func checkPolicy(name string, v any) error {
	properties := map[string]any{}
	switch v := v.(type) {
	case string:
		properties[levelKey] = v
	case map[string]any:
		properties = maps.Clone(v)
	default:
		return fmt.Errorf("%s: must be a level or an object", levelKey)
	}
	var errs []error
	if level, given := properties[levelKey]; given {
		if text, ok := level.(string); !ok || !slices.Contains(levels, text) {
			errs = append(errs, fmt.Errorf("%s: %q: must be one of %s", levelKey, fmt.Sprint(level), strings.Join(levels, ", ")))
		}
		delete(properties, levelKey)
	}
	if name == everyPolicy && len(properties) > 0 {
		errs = append(errs, fmt.Errorf("%s: must be the only key: other keys belong to a single policy", levelKey))
		return errors.Join(errs...)
	}
	if _, err := New(properties); err != nil {
		errs = append(errs, slices.Collect(each(err))...)
	}
	return errors.Join(errs...)
}

// LintLevels returns the level of each rule and the exemptions of its policy for
// daprstack lint, with what a policy configuration file says: mandatory is an
// error, advisory a warning, disabled nothing. The file has passed [Check].
func LintLevels(file []byte) (levels map[string]Level, exempt map[string]Settings, err error) {
	var given map[string]any
	if strings.TrimSpace(string(file)) != "" {
		if err := json.Unmarshal(file, &given); err != nil {
			return nil, nil, err
		}
	}
	levels, exempt = map[string]Level{}, map[string]Settings{}
	for _, p := range Policies {
		levels[p.Rule] = p.Lint
		for _, v := range []any{given[everyPolicy], given[p.Name]} {
			properties, _ := v.(map[string]any)
			level := v
			if properties != nil {
				level = properties[levelKey]
			}
			if text, ok := level.(string); ok {
				levels[p.Rule] = lintLevel[text]
			}
		}
		properties, _ := given[p.Name].(map[string]any)
		properties = maps.Clone(properties)
		delete(properties, levelKey)
		if exempt[p.Rule], err = New(properties); err != nil {
			return nil, nil, fmt.Errorf("%s.%w", p.Name, err)
		}
	}
	return levels, exempt, nil
}

// lintLevel maps the levels of the engine to those of daprstack lint.
var lintLevel = map[string]Level{"mandatory": Error, "advisory": Warning, "disabled": Off}
