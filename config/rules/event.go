package rules

import (
	"crypto/sha256"
	"encoding/hex"
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
	// DataContentType is the default content type of data (E-06).
	DataContentType = "application/json"

	// daprEventType is the type that Dapr gives an event that is published without
	// one.
	daprEventType = "com.dapr.event.sent"
)

// EventVersion checks the version of CloudEvents (E-01).
func EventVersion(v string) []Reason {
	if v == SpecVersion {
		return nil
	}
	return because("E-01", "must be exactly %s", SpecVersion)
}

// EventType checks the type of an event, which is also the name of its topic: two
// or three lower-case parts, {entity}.{action} or {domain}.{entity}.{action}
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

// OwnEventType checks that the type of an event is its own, and not the one that
// Dapr gives an event without a type (E-11).
func OwnEventType(t string) []Reason {
	if t != daprEventType {
		return nil
	}
	return because("E-11", "must be the event's own type, not the one that Dapr gives to an event without; "+
		"publish with content type %s", EventContentType)
}

// EventSource checks that the source of an event is a URI-reference, and not a
// bare app-id, which is Dapr's default (E-03).
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

// uriText matches text of characters that a URI may contain, a percent sign only
// before two hexadecimal digits.
var uriText = regexp.MustCompile(`^([A-Za-z0-9\-._~:/?#\[\]@!$&'()*+,;=]|%[0-9A-Fa-f]{2})*$`)

// URIText reports whether s consists of characters that a URI may contain.
func URIText(s string) bool { return uriText.MatchString(s) }

// EventID checks that an event has an id (E-04). Whoever makes the event must make
// the id unique.
func EventID(id string) []Reason {
	if strings.TrimSpace(id) == "" {
		return because("E-04", "is required; a UUID is best")
	}
	return nil
}

// EventTime checks the time of an event that has one (E-05).
func EventTime(t string) []Reason {
	if _, err := time.Parse(time.RFC3339, t); err != nil {
		return because("E-05", "must be RFC 3339 such as 2026-02-08T12:00:00Z")
	}
	return nil
}

// ContentType checks the content type of an event's data (E-06).
func ContentType(c string) []Reason {
	if mediaType, _, err := mime.ParseMediaType(c); err != nil || !strings.Contains(mediaType, "/") {
		return because("E-06", "must be a media type such as %s, which is the default", DataContentType)
	}
	return nil
}

// EventData checks the data of an event (E-07). JSON's null counts as no data,
// because absent members are written that way.
func EventData(contentType string, data []byte) []Reason {
	if len(data) == 0 || string(data) == "null" {
		return because("E-07", "is required")
	}
	if IsJSON(contentType) && (!json.Valid(data) || !utf8.Valid(data)) {
		return because("E-07", "must be valid JSON, as datacontenttype says")
	}
	return nil
}

// IsJSON reports whether data of a content type is JSON.
func IsJSON(contentType string) bool {
	mediaType, _, _ := mime.ParseMediaType(contentType)
	return mediaType == "application/json" || mediaType == "text/json" || strings.HasSuffix(mediaType, "+json")
}

// Publishers checks that an event has a publisher (E-08).
func Publishers(apps []string) []Reason {
	if len(apps) == 0 {
		return because("E-08", "is required: an event has at least one publisher")
	}
	return nil
}

// HandlerPath checks the path at which a subscriber receives an event (E-08).
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

// Route refuses a Subscription without a route (E-08).
func Route() []Reason {
	return because("E-08", "is required: Dapr drops an event that has no route")
}

// OtherVersion refuses a field that only the other version of a Subscription has
// (E-08).
func OtherVersion(instead, version string) []Reason {
	return because("E-08", "must not be given: dapr.io/%s has %s, and ignores this", version, instead)
}

// deadLetter is the prefix of the names of dead-letter topics.
const deadLetter = "dead-letter."

// DeadLetterTopic returns the name of the topic for events that a subscriber could
// not handle (E-09). Each subscriber has its own, so that a failing one does not
// affect the others and its events can be given back to it alone.
func DeadLetterTopic(topic, subscriber string) string { return deadLetter + subscriber + "." + topic }

// TopicName checks that a topic works, whatever it is called: that Redis and the
// lists of topics in a component's metadata take it, and an address without
// escapes (E-08). The naming rule is [Topic].
func TopicName(name string) []Reason {
	switch {
	case name == "":
		return because("E-08", "is required")
	case !topicText.MatchString(name):
		return because("E-08", "must be letters, digits and . _ - : /, starting and ending with a letter or digit, at most %d characters", maxTopic)
	}
	return nil
}

const maxTopic = 200

var topicText = regexp.MustCompile(`^[A-Za-z0-9]([A-Za-z0-9._:/-]{0,198}[A-Za-z0-9])?$`)

// SubscriptionName returns the name of the Subscription of an app to a topic:
// {pub/sub}.{topic}.{app-id}. A topic that no object can be named after stands in it
// in lower case, with a part that tells it from others.
func SubscriptionName(pubSub, topic, app string) string {
	if !dnsSubdomain(topic) {
		sum := sha256.Sum256([]byte(topic))
		plain := notInNames.ReplaceAllString(strings.ToLower(topic), "-")
		topic = strings.Trim(plain[:min(len(plain), 40)], "-") + "-" + hex.EncodeToString(sum[:4])
	}
	return pubSub + "." + topic + "." + app
}

var notInNames = regexp.MustCompile(`[^a-z0-9]+`)

// Topic checks that the name of a topic is an event's type or that of a
// dead-letter topic (E-02).
func Topic(name string) []Reason {
	if dead, ok := strings.CutPrefix(name, deadLetter); ok {
		if app, typ, ok := strings.Cut(dead, "."); ok && AppID(app) == nil && EventType(typ) == nil {
			return nil
		}
	}
	return EventType(name)
}

// Retention checks how long events are kept (E-10), at least 1ms.
func Retention(d time.Duration) []Reason { return positive("E-10", d) }
