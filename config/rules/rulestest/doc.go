// Package rulestest holds one table of cases that drives three tests, those of the
// rules, of the stack file and of the policy pack, so that the three cannot drift
// apart.
//
// A [Case] breaks one rule in three ways: with plain values, with an edit of the
// dev stack's configuration (Pulumi.dev.yaml and what it inherits), and with edits
// of the objects that the dev stack makes. [Apply] and [Set] make those edits.
package rulestest

import (
	"slices"
	"strconv"

	"github.com/daprstack/daprstack/config/rules"
)

// Case is one way to break one rule.
type Case struct {
	Rule, Name string

	// Check calls the rule on plain values. It returns one reason, of this rule and
	// with the text of Allowed.
	Check   func() []rules.Reason
	Allowed string

	// Stack changes the dev stack file, which then has exactly one violation:
	// "Path: Value [Rule]: Allowed". Value is what the error shows, which may be
	// nothing. Stack is nil if a stack file cannot break the rule.
	Stack       []Edit
	Path, Value string

	// Objects change the objects of the dev stack, so that the policy pack reports the
	// rule for one of them. Nil if objects do not show whether the rule is broken.
	Objects []Object
}

// Object edits one object of the dev stack. Name is its metadata.name or, if it has
// none, the name of the Pulumi resource.
type Object struct {
	Kind, Name string
	Edits      []Edit
}

// Cases returns the whole table.
func Cases() []Case {
	return slices.Concat(sidecarCases(), optionCases(), componentCases(), metadataCases(), eventCases(), referenceCases())
}

// edits returns a single edit.
func edits(path string, value any) []Edit { return []Edit{{path, value}} }

// on returns the edits of a single object.
func on(kind, name string, edits ...Edit) []Object { return []Object{{kind, name, edits}} }

// frontend edits one annotation of the frontend's pods.
func frontend(annotation string, value any) []Object {
	return on("Deployment", "frontend", Edit{`spec.template.metadata.annotations["dapr.io/` + annotation + `"]`, value})
}

// shown returns a text as an error shows it: quoted, its first 100 characters.
func shown(text string) string {
	if len(text) > 100 {
		return strconv.Quote(text[:100]) + "…"
	}
	return strconv.Quote(text)
}
