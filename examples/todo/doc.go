// Package todo holds the reference applications: see its README for what they
// are and how to run them. Its tests run the three together.
package todo
