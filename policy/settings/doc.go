// Package settings is the policy pack as data: its policies, one for each rule
// that it enforces, and their configuration.
//
// The package does not import Pulumi, so the driver can check a configuration
// before the engine starts.
package settings
