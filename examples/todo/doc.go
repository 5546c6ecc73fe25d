// Package todo holds the reference applications. Its README says what they are
// and how to run them; its tests run the three together.
package todo
