package rules

import "fmt"

// A Reason says why a value is refused: which rule it breaks and what the rule
// allows instead.
type Reason struct {
	Rule    string // number in [Table]
	Allowed string // completes "must …"-like: "must be between 1 and 65535"
}

// String renders the reason as "[S-04]: must be between 1 and 65535".
func (r Reason) String() string { return fmt.Sprintf("[%s]: %s", r.Rule, r.Allowed) }

// because returns a single reason.
func because(rule, format string, args ...any) []Reason {
	return []Reason{{Rule: rule, Allowed: fmt.Sprintf(format, args...)}}
}
