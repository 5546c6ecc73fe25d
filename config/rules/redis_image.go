package rules

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// redisFixes are the lines of Redis that get security fixes, oldest first, each
// with its first release that has those of July 2026: flaws by which whoever may
// send commands can run code. Among them are CVE-2025-49844, CVE-2026-23479 and
// CVE-2026-25243.
var redisFixes = []struct{ major, minor, patch int }{
	{7, 2, 15}, {7, 4, 10}, {8, 2, 8}, {8, 4, 5}, {8, 6, 5}, {8, 8, 1},
}

// officialRedis matches the official image with a version as its tag, with or
// without a variant ("-alpine") and a digest behind it.
var officialRedis = regexp.MustCompile(`^((index\.)?docker\.io/)?(library/)?redis:(\d+)\.(\d+)(?:\.(\d+))?(-[\w.-]+)?(@.*)?$`)

// RedisImage checks that the image of a Redis is not a release with known flaws
// that later ones fix. It knows the tags of the official image. Of any other image,
// and of a tag that moves with the newest release, it says nothing.
func RedisImage(image string) []Reason {
	match := officialRedis.FindStringSubmatch(image)
	if match == nil {
		return nil
	}
	number := func(i int) int { n, _ := strconv.Atoi(match[i]); return n }
	major, minor := number(4), number(5)
	newest := redisFixes[len(redisFixes)-1]
	if major > newest.major || major == newest.major && minor > newest.minor {
		return nil
	}
	at := slices.IndexFunc(redisFixes, func(f struct{ major, minor, patch int }) bool { return f.major == major && f.minor == minor })
	if at >= 0 && (match[6] == "" || number(6) >= redisFixes[at].patch) {
		return nil
	}
	return because("", "must have the security fixes of Redis: %s, or a later release of one of these lines", strings.Join(RedisReleases(), ", "))
}

// RedisReleases returns the first release of each line of Redis that has all security
// fixes, oldest first.
func RedisReleases() []string {
	var releases []string
	for _, f := range redisFixes {
		releases = append(releases, fmt.Sprintf("%d.%d.%d", f.major, f.minor, f.patch))
	}
	return releases
}
