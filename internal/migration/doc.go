// Package migration turns objects that are there already, in manifests or in a
// cluster, into a stack file.
//
// Every entry of an object is either taken over or noted: an entry is taken out of a
// copy of the object, and what stays in the copy is what the report is about.
package migration
