// Package graphtest records the resource graph that a Pulumi program registers
// and lets a test query it: which resources there are, with which inputs, what
// depends on what, and whether a secret appears anywhere in plain text.
//
// [Run] runs a program under Pulumi's mocks. Nothing is asserted while the
// program runs: assertions inside ApplyT can be skipped without anybody
// noticing. A resource type that the package does not know fails the run, so a
// typo in a token cannot pass.
package graphtest
