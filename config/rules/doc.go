// Package rules holds the numbered rules of the data model as pure functions
// over plain values.
//
// A check knows neither where a value comes from nor who asks: it returns the
// [Reason]s why a value is refused, none if it is valid. Package config adds the
// path in the stack file, the policy pack adds the URN. [Table] lists every rule
// once, with its statement and its source; error messages, documentation and tests
// refer to a rule by its number there.
//
// The package imports no Pulumi, and of Kubernetes only the checks of names.
package rules
