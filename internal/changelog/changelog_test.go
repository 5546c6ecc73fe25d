package main

import (
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

const log = `# Changelog

Newest first.

## Unreleased

### Added
- b

### Fixed
- c, as in ## this

## v0.1.0 (2026-01-02)

### Added
- a
`

var day = time.Date(2026, 12, 24, 0, 0, 0, 0, time.UTC)

// TestCut: what was unreleased becomes the notes of the version, and what was released
// before stays as it is.
func TestCut(t *testing.T) {
	after, err := cut(log, "v0.2.0", day)
	require.NoError(t, err)
	require.Equal(t, `# Changelog

Newest first.

## Unreleased

## v0.2.0 (2026-12-24)

### Added
- b

### Fixed
- c, as in ## this

## v0.1.0 (2026-01-02)

### Added
- a
`, after)
	text, err := notes(after, "v0.2.0")
	require.NoError(t, err)
	require.Equal(t, "### Added\n- b\n\n### Fixed\n- c, as in ## this\n", text)
	text, err = notes(after, "v0.1.0")
	require.NoError(t, err)
	require.Equal(t, "### Added\n- a\n", text)

	_, err = cut(after, "v0.3.0", day)
	require.EqualError(t, err, "nothing is unreleased")
	_, err = cut(after, "v0.2.0", day)
	require.EqualError(t, err, "the changelog has a section for v0.2.0 already")
}

func TestRefused(t *testing.T) {
	for _, v := range []string{"0.2.0", "v0.2", "v0.2.0+x", "Unreleased", ""} {
		_, err := cut(log, v, day)
		require.ErrorContains(t, err, "is not a version", v)
	}
	_, err := cut("# Changelog\n", "v0.2.0", day)
	require.EqualError(t, err, "the changelog has no section ## Unreleased")
	_, err = notes(log, "v0.1")
	require.ErrorContains(t, err, "the changelog has no section for v0.1:", "the beginning of a version is not it")
	_, err = notes("## v0.1.0\n\n### Added\n", "v0.1.0")
	require.EqualError(t, err, "the changelog says nothing about v0.1.0")
}

// TestChangelog: a release can be cut out of the changelog as it is.
func TestChangelog(t *testing.T) {
	content, err := os.ReadFile("../../" + file)
	require.NoError(t, err)
	_, found := section(string(content), unreleased)
	require.True(t, found)
}
