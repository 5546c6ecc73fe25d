package controlplane

import (
	"regexp"
	"strings"

	utilversion "k8s.io/apimachinery/pkg/util/version"
)

// tagged matches the version in an image's tag, whatever a distributor appends to
// it (1.18.2-mariner, 1.14.4-msft.1).
var tagged = regexp.MustCompile(`^v?(\d+\.\d+\.\d+(-rc\.\d+)?)`)

// version returns the version in the tag of an image, else in the label that the
// chart gives all its objects, else nothing.
func version(image string, labels map[string]string) string {
	image, _, _ = strings.Cut(image, "@")
	_, tag, _ := strings.Cut(image[strings.LastIndex(image, "/")+1:], ":")
	for _, text := range []string{tag, labels["app.kubernetes.io/version"]} {
		if found := tagged.FindStringSubmatch(text); found != nil {
			return found[1]
		}
	}
	return ""
}

// Older reports whether a version is known and older than another.
func Older(version, than string) bool {
	a, err1 := utilversion.ParseSemantic(version)
	b, err2 := utilversion.ParseSemantic(than)
	return err1 == nil && err2 == nil && a.LessThan(b)
}

// Covers reports whether a version does what a stack file asks for: it is of the
// same minor version, against which the stack file is checked, and not older.
func Covers(version, asked string) bool {
	return minor(version) != "" && minor(version) == minor(asked) && !Older(version, asked)
}

// minor returns the first two numbers of a version.
func minor(version string) string {
	v, err := utilversion.ParseSemantic(version)
	if err != nil {
		return ""
	}
	return strings.Join(strings.SplitN(v.String(), ".", 3)[:2], ".")
}
