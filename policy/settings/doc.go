// Package settings is the policy pack as data: its policies, one for each rule
// that it enforces, and what a person may configure about them.
//
// The package imports no Pulumi, so that the driver can check a configuration
// before the engine starts.
package settings
