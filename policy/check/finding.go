package check

import (
	"slices"

	"github.com/daprstack/daprstack/config/rules"
)

// Finding is one violation in an object.
type Finding struct {
	rules.Reason
	// Path is the path of the value in the object, such as
	// spec.metadata[redisHost].
	Path string
	// Shown is the refused value as people may see it. It is empty if the value
	// is missing or never shown, like that of a metadata item.
	Shown string
	// Subject is what an exemption may name: the refused value, even a secret one,
	// or the name of the metadata item. Never shown.
	Subject string
}

// Checked reports whether the policy pack enforces a rule. The others are
// enforced elsewhere, even where a function of config/rules reports two rules
// at once.
func Checked(rule string) bool {
	r, ok := rules.Lookup(rule)
	return ok && slices.Contains(r.Levels, rules.Policy)
}

// findings collects the violations of one object.
type findings []Finding

// add adds the reasons why a value is refused.
func (f *findings) add(path string, t text, reasons []rules.Reason) {
	f.put(path, t.shown(), t.value, reasons)
}

func (f *findings) put(path, shown, subject string, reasons []rules.Reason) {
	for _, r := range reasons {
		if Checked(r.Rule) {
			*f = append(*f, Finding{Reason: r, Path: path, Shown: shown, Subject: subject})
		}
	}
}
