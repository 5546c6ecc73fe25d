package rules

import (
	"encoding/json"
	"mime"
	"net/url"
	"regexp"
	"strings"
	"time"
	"unicode/utf8"
)

const (
	// SpecVersion is the version of CloudEvents (E-01).
	SpecVersion = "1.0"
	// EventContentType is the content type of a whole event as one JSON object.
	// Published under it, an event passes through Dapr with its own type and
	// source (E-03, E-11).
	EventContentType = "application/cloudevents+json"
	// DataContentType is the type of data that names none (E-06).
	DataContentType = "application/json"

	// daprEventType is what Dapr calls an event that was published without a type.
	daprEventType = "com.dapr.event.sent"
)

// EventVersion checks the version of CloudEvents (E-01).
func EventVersion(v string) []Reason {
	if v == SpecVersion {
		return nil
	}
	return because("E-01", "must be exactly %s", SpecVersion)
}

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

// OwnEventType checks that an event did not get the type that Dapr gives to one
// without (E-11).
func OwnEventType(t string) []Reason {
	if t != daprEventType {
		return nil
	}
	return because("E-11", "must be the event's own type, not the one that Dapr gives to an event without; "+
		"publish with content type %s", EventContentType)
}

// EventSource checks the source of an event: a URI-reference, and not a bare
// app-id, which is what Dapr puts there by default (E-03).
func EventSource(source string) []Reason {
	if source == "" {
		return because("E-03", "is required")
	}
	if _, err := url.Parse(source); err != nil || !uriText.MatchString(source) {
		return because("E-03", "must be a URI-reference such as /backend/tasks")
	}
	if AppID(source) == nil {
		return because("E-03", "must be the event's own source such as /backend/tasks, not an app-id")
	}
	return nil
}

// uriText is what may stand in a URI, and a percent sign only before two
// hexadecimal digits.
var uriText = regexp.MustCompile(`^([A-Za-z0-9\-._~:/?#\[\]@!$&'()*+,;=]|%[0-9A-Fa-f]{2})*$`)

// URIText says whether a text has only characters that may stand in a URI.
func URIText(s string) bool { return uriText.MatchString(s) }

// EventID checks the id of an event (E-04). That it is unique is its maker's to
// see to.
func EventID(id string) []Reason {
	if strings.TrimSpace(id) == "" {
		return because("E-04", "is required; a UUID is best")
	}
	return nil
}

// EventTime checks a time that is given (E-05).
func EventTime(t string) []Reason {
	if _, err := time.Parse(time.RFC3339, t); err != nil {
		return because("E-05", "must be RFC 3339 such as 2026-02-08T12:00:00Z")
	}
	return nil
}

// ContentType checks the type of an event's data (E-06).
func ContentType(c string) []Reason {
	if mediaType, _, err := mime.ParseMediaType(c); err != nil || !strings.Contains(mediaType, "/") {
		return because("E-06", "must be a media type such as %s, which is the default", DataContentType)
	}
	return nil
}

// EventData checks the data of an event (E-07). JSON's null is no data: it is
// how an absent member is written.
func EventData(contentType string, data []byte) []Reason {
	if len(data) == 0 || string(data) == "null" {
		return because("E-07", "is required")
	}
	if IsJSON(contentType) && (!json.Valid(data) || !utf8.Valid(data)) {
		return because("E-07", "must be valid JSON, as datacontenttype says")
	}
	return nil
}

// IsJSON says whether data of a content type is JSON.
func IsJSON(contentType string) bool {
	mediaType, _, _ := mime.ParseMediaType(contentType)
	return mediaType == "application/json" || mediaType == "text/json" || strings.HasSuffix(mediaType, "+json")
}

// Publishers checks that somebody publishes an event (E-08).
func Publishers(apps []string) []Reason {
	if len(apps) == 0 {
		return because("E-08", "is required: an event has at least one publisher")
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

// deadLetter begins the name of every dead-letter topic.
const deadLetter = "dead-letter."

// DeadLetterTopic is where the events of a topic go that a subscriber could not
// handle (E-09). Each subscriber has its own: one that fails does not touch the
// others, and its events can be given back to it alone.
func DeadLetterTopic(topic, subscriber string) string { return deadLetter + subscriber + "." + topic }

// Topic checks the name of a topic: an event's type, or its dead letters (E-02).
func Topic(name string) []Reason {
	if dead, ok := strings.CutPrefix(name, deadLetter); ok {
		if app, typ, ok := strings.Cut(dead, "."); ok && AppID(app) == nil && EventType(typ) == nil {
			return nil
		}
	}
	return EventType(name)
}

// Retention checks how long events are kept (E-10).
func Retention(d time.Duration) []Reason { return positive("E-10", d) }
