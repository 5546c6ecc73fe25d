// Package act pins act, which runs the workflows of this repository without GitHub
// (make e2e-workflows), and has what stands in for GitHub then.
package act
