// Package archtest holds no code, only the tests that keep the imports of the
// module pointing one way and the heavy ones out.
package archtest
