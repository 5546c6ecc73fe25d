// Package display shows what the engine does by the parts of a stack that people
// know, such as an app or Redis, and not by each of its objects.
package display
