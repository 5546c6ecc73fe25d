// Package goreleaser pins goreleaser, which makes a release (make release-snapshot),
// and cyclonedx-gomod, which lists what is in its programs.
package goreleaser
