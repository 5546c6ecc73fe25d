package rules

import (
	"net/url"
	"strings"
	"time"
)

// EventType checks the type of an event, which is its topic's name too: two or
// three lower-case parts, {entity}.{action} or {domain}.{entity}.{action}
// (E-02).
func EventType(t string) []Reason {
	const form = "must be lower-case {entity}.{action} or {domain}.{entity}.{action}"
	if t == "" {
		return because("E-02", "is required")
	}
	parts := strings.Split(t, ".")
	if len(parts) != 2 && len(parts) != 3 {
		return because("E-02", form)
	}
	for _, p := range parts {
		if !dnsLabel(p, 63) {
			return because("E-02", form)
		}
	}
	return nil
}

// EventSource checks the source of an event: a URI-reference, and not the
// app-id that Dapr would put there (E-03).
func EventSource(source string, publishers []string) []Reason {
	if source == "" {
		return because("E-03", "is required")
	}
	if _, err := url.Parse(source); err != nil || strings.ContainsAny(source, " \t\r\n") {
		return because("E-03", "must be a URI-reference such as /backend/tasks")
	}
	for _, p := range publishers {
		if source == p {
			return because("E-03", "must be the event's own source such as /backend/tasks, not an app-id")
		}
	}
	return nil
}

// HandlerPath checks the path on which a subscriber takes an event (E-08).
func HandlerPath(path string) []Reason {
	if path == "" {
		return because("E-08", "is required")
	}
	if u, err := url.Parse(path); err != nil || !strings.HasPrefix(path, "/") || u.RawQuery != "" || u.Fragment != "" ||
		strings.HasPrefix(path, "//") || strings.ContainsAny(path, " \t\r\n") {
		return because("E-08", "must be an absolute path such as /events/task-created")
	}
	return nil
}

// Retention checks how long events are kept (E-10).
func Retention(d time.Duration) []Reason { return positive("E-10", d) }
