package rules

import (
	"regexp"
	"slices"
	"strings"
)

// PinnedDapr is the version of Dapr that a stack has by default, and against
// whose code the tables of this package are held.
const PinnedDapr = "1.18.2"

// daprMinors are the minor versions of Dapr that the tables of this package know,
// oldest first. What an older one lacks, its row says: see the field Since.
var daprMinors = []string{"1.17", "1.18"}

var fullVersion = regexp.MustCompile(`^\d+\.\d+\.\d+(-[0-9A-Za-z.-]+)?$`)

// DaprVersion checks the version of Dapr: a full one, of a minor version that the
// rules know. With any other the tables of metadata, annotations and chart values
// would be guesses.
func DaprVersion(version string) []Reason {
	switch {
	case !fullVersion.MatchString(version):
		return because("", "must be a full version such as %s", PinnedDapr)
	case !slices.Contains(daprMinors, minorOf(version)):
		return because("", "must be a version that the rules know, %s", strings.Join(daprMinors, " or "))
	}
	return nil
}

// minorOf returns the minor version of a full one: "1.18" of "1.18.2".
func minorOf(version string) string {
	major, rest, _ := strings.Cut(version, ".")
	minor, _, _ := strings.Cut(rest, ".")
	return major + "." + minor
}
