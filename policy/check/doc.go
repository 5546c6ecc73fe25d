// Package check holds the checks of the policy pack: pure functions over plain
// objects, as decoded from a manifest, that return what is wrong with them.
//
// [Alone] judges one object by itself, [Together] judges what the objects of a
// stack say of each other. Every statement about a value comes from
// config/rules. What is not known yet is no fault: a check that cannot be made
// at a preview is made at the update, where the value is there.
//
// The package imports no Pulumi.
package check
