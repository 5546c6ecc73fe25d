// Package archtest contains only tests, which keep the imports of the module
// pointing one way and the heavy ones out.
package archtest
