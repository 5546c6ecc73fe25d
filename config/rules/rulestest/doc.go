// Package rulestest is the one table of cases that drives three tests: that of
// the rules themselves, that of the stack file and that of the policy pack. So
// the three cannot drift apart.
//
// A [Case] breaks one rule in three ways: as plain values, as an edit of the dev
// stack's configuration (Pulumi.dev.yaml with what it inherits), and as edits of the
// objects that the dev stack makes. [Apply] and [Set] make those edits.
package rulestest

import (
	"slices"
	"strconv"

	"github.com/daprstack/daprstack/config/rules"
)

// Case is one way to break one rule.
type Case struct {
	Rule, Name string

	// Check calls the rule on plain values; it returns one reason, of this rule
	// and with what Allowed says.
	Check   func() []rules.Reason
	Allowed string

	// Stack changes the dev stack file, which then has exactly one violation:
	// "Path: Value [Rule]: Allowed". Value is as an error shows it: empty where
	// there is none, or never. Nil where a stack file cannot break the rule.
	Stack       []Edit
	Path, Value string

	// Objects change what the dev stack makes; the policy pack then names the rule
	// at one of them. Nil where the rule cannot be seen on objects.
	Objects []Object
}

// Object is the edit of one object of the dev stack. Name is its metadata.name,
// or the name of the Pulumi resource where it has none of its own.
type Object struct {
	Kind, Name string
	Edits      []Edit
}

// Cases returns the whole table.
func Cases() []Case {
	return slices.Concat(sidecarCases(), componentCases(), metadataCases(), eventCases(), referenceCases())
}

// edits is one edit, for the many cases that need no more.
func edits(path string, value any) []Edit { return []Edit{{path, value}} }

// on is the edit of one object.
func on(kind, name string, edits ...Edit) []Object { return []Object{{kind, name, edits}} }

// frontend edits one annotation of the frontend's pods.
func frontend(annotation string, value any) []Object {
	return on("Deployment", "frontend", Edit{`spec.template.metadata.annotations["dapr.io/` + annotation + `"]`, value})
}

// shown is a text as an error shows it: quoted, and no more than 100 characters.
func shown(text string) string {
	if len(text) > 100 {
		return strconv.Quote(text[:100]) + "…"
	}
	return strconv.Quote(text)
}
