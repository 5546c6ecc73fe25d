// Package check holds the checks of the policy pack: pure functions that take
// plain objects, as decoded from a manifest, and return what is wrong with
// them.
//
// [Alone] checks one object by itself; [Together] checks the references between
// the objects of a stack. All rules about values come from config/rules. An
// unknown value is never a violation: what cannot be checked at preview is
// checked at update, when the value is known.
//
// The package does not import Pulumi.
package check
