// Package config holds the configuration of one stack: its typed form, how it is
// loaded from the stack file, its defaults and its validation.
//
// [Load] does all of it, in steps that are pure functions: decode strictly (an
// unknown key is an error), apply the [Overlay], fill in the defaults ([Default]),
// validate ([Validate]). Every problem is reported at once, as an [Errors]; a stack that
// was returned without an error can be deployed.
//
// The package does not import Pulumi: it takes the configuration as the plain
// map of strings that every Pulumi entry point provides.
package config
