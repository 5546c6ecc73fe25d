// Package provider offers the components to Pulumi programs in other languages, as
// a component provider: YAML, TypeScript, Python and the others (docs/how-to/library.md).
//
// It knows nothing of its own about Dapr. A resource is a piece of a stack file:
// its inputs are keys of the stack file, with their names, defaults and rules, and
// the piece is made by the same code that makes it in a whole stack
// ([stacks.Part]). What the piece refers to and others make, such as the apps in
// the scopes of a state store, stands in the stack file as a stand-in that is never
// made.
//
// The schema, schema.json, follows from the types of package config and from
// [Resources]; make generate writes it.
package provider
