// Package engine opens a stack on the real Pulumi engine, through the Automation
// API, without leaving a trace in the checkout: the engine's home, its state and the
// stack's settings have a folder of their own, and the stack file is only read.
package engine
