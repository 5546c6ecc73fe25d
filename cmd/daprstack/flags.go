package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"
)

// stackOptions say which stack a command works on, and on which cluster.
type stackOptions struct {
	stack      string
	file       string
	context    string
	kubeconfig string
	config     []string // key=value
}

func (o *stackOptions) registerStack(cmd *cobra.Command) {
	cmd.Flags().StringVarP(&o.stack, "stack", "s", "dev", "the stack, as in Pulumi.<stack>.yaml")
	cmd.Flags().StringVar(&o.file, "config-file", "", "the stack file (default Pulumi.<stack>.yaml beside Pulumi.yaml, or in this folder)")
	cmd.Flags().StringVar(&o.context, "context", "", "the kubeconfig context to use instead of the stack file's")
	cmd.Flags().StringVar(&o.kubeconfig, "kubeconfig", "", "the kubeconfig (default the local node's, $KUBECONFIG or ~/.kube/config)")
	cmd.Flags().StringArrayVarP(&o.config, "config", "c", nil, "set a value of the stack file for this run, as in dapr.enabled=false (repeatable)")
}

// policyOptions say whether and how the policy pack checks the resources.
type policyOptions struct {
	noPolicy     bool
	policyConfig string
}

func (o *policyOptions) registerPolicy(cmd *cobra.Command) {
	cmd.Flags().BoolVar(&o.noPolicy, "no-policy", false, "do not check the resources with the policy pack")
	cmd.Flags().StringVar(&o.policyConfig, "policy-config", "", "a JSON file with the levels and exemptions of the policies (docs/reference/policy.md)")
	cmd.MarkFlagsMutuallyExclusive("no-policy", "policy-config")
}

func registerYes(cmd *cobra.Command, yes *bool) {
	cmd.Flags().BoolVarP(yes, "yes", "y", false, "do not ask")
}

func registerErrorFormat(cmd *cobra.Command, format *string) {
	registerChoice(cmd, format, "errors", "", []string{"text", "json"}, "how to print the problems of the stack file")
}

// registerChoice registers a flag that takes one of some words, by default the
// first.
func registerChoice(cmd *cobra.Command, value *string, name, shorthand string, allowed []string, usage string) {
	*value = allowed[0]
	cmd.Flags().VarP(&choice{value, allowed}, name, shorthand, usage+": "+strings.Join(allowed, ", "))
}

// choice implements pflag.Value.
type choice struct {
	value   *string
	allowed []string
}

func (c *choice) String() string { return *c.value }
func (c *choice) Type() string   { return "string" }

func (c *choice) Set(word string) error {
	if !slices.Contains(c.allowed, word) {
		return fmt.Errorf("must be one of %s", strings.Join(c.allowed, ", "))
	}
	*c.value = word
	return nil
}
