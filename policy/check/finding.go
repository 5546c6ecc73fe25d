package check

import (
	"slices"

	"github.com/daprstack/daprstack/config/rules"
)

// Finding is one thing that is wrong with an object.
type Finding struct {
	rules.Reason
	// Path of the value in the object: spec.metadata[redisHost].
	Path string
	// Shown is the refused value as people may see it; empty where it is missing
	// or never shown, as that of a metadata item.
	Shown string
	// Subject is what an exemption may name: the refused value, even a secret one,
	// or the name of the metadata item or of the annotation (S-12). Never shown.
	Subject string
}

// Checked says whether the rule is one that the policy pack enforces. The rest
// are enforced elsewhere, even where a function of config/rules reports two
// rules at once.
func Checked(rule string) bool {
	r, ok := rules.Lookup(rule)
	return ok && slices.Contains(r.Levels, rules.Policy)
}

// findings collects what is wrong with one object.
type findings []Finding

// add reports reasons about a value.
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
