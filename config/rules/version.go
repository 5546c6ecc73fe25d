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

// DaprMinors returns the minor versions of Dapr that the rules know, oldest first.
func DaprMinors() []string { return slices.Clone(daprMinors) }

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

// MetadataSince checks that a version of Dapr reads a metadata key (T-10).
func MetadataSince(componentType, name, version string) []Reason {
	return since("T-10", Metadata(componentType)[name].Since, version)
}

// OptionSince checks that a version of Dapr reads an option of a sidecar (S-12).
func OptionSince(key, version string) []Reason {
	row, _ := Option(key)
	return since(row.RuleID(), row.Since, version)
}

// VerifiesRedis reports whether a version of Dapr verifies the certificate of a
// Redis with TLS (components-contrib, common/component/redis).
func VerifiesRedis(version string) bool { return since("", "1.18", version) == nil }

// since reports that a version is older than the minor version that has something
// first. Of a version that the rules do not know it says nothing.
func since(rule, first, version string) []Reason {
	at := slices.Index(daprMinors, minorOf(version))
	if at < 0 || at >= slices.Index(daprMinors, first) {
		return nil
	}
	return because(rule, "must not be given: Dapr %s ignores it, %s reads it", minorOf(version), first)
}
