// Package changes says what a change of a stack file does to the objects of the
// stack, for somebody who has to approve it: what is new, changed and gone in which
// app, which pods restart, what is replaced, and what data is at risk.
//
// It compares two renders (package render), so it knows what the stack files say and
// not what is in a cluster.
package changes
