package rules

import (
	"regexp"
	"strings"

	"github.com/robfig/cron/v3"
)

// Schedule checks when a CronJob runs, as Kubernetes reads it (W-04).
func Schedule(s string) []Reason {
	if strings.Contains(s, "TZ") {
		return because("W-04", "must not contain a time zone: that is cronJob.timeZone")
	}
	if _, err := cron.ParseStandard(s); err != nil {
		return because("W-04", `must be a schedule of five fields, such as "0 2 * * *", or @daily and its like: %v`, err)
	}
	return nil
}

var timeZone = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_+-]*(/[A-Za-z0-9_+-]+)*$`)

// TimeZone checks the form of the name of a time zone. Which ones there are, the
// cluster knows.
func TimeZone(name string) []Reason {
	if strings.EqualFold(name, "Local") || !timeZone.MatchString(name) {
		return because("W-04", "must be the name of a time zone, such as Europe/Berlin or Etc/UTC")
	}
	return nil
}
