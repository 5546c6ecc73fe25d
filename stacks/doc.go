// Package stacks is the composition root: it turns the configuration of one
// stack into its resources, in the right order.
//
// [Deploy] is the program that a stock Pulumi runs. [Program] is the same for
// callers of the Automation API, who already have the configuration.
package stacks
