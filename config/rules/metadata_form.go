package rules

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Form describes the metadata values that Dapr really honours, as the end of a
// sentence that begins with "must be".
type Form string

// The forms of metadata values.
const (
	Text    Form = "text without leading or trailing spaces"
	Truth   Form = "true or false"
	Integer Form = "a whole number"
	Seconds Form = "a whole number of seconds"
	// Millis is the form of redeliverInterval, where Dapr ignores a unit.
	Millis Form = `whole milliseconds, such as "30000"`
	// Span is a duration with its unit. A bare number is refused, because Dapr reads
	// it as milliseconds, which is almost never what was meant.
	Span Form = `a duration with its unit, such as "3s"`
	// Address is one host:port, or several for a cluster or for sentinels (T-05).
	Address Form = "host:port"
	// Prefix is one of Dapr's strategies (appid, name, namespace, none) or a literal
	// prefix. Dapr turns it into lower case, and uses even an empty one.
	Prefix Form = "appid, name, namespace, none, or a prefix in lower case without ||"
	// Topics is a list of topics.
	Topics Form = `topics separated by commas, such as "task.created,task.deleted"`
	// TopicScopes is a list of topics for each app. Dapr skips a part that it does
	// not understand, and does not restrict apps that no part names.
	TopicScopes Form = `app=topics parts separated by semicolons, such as "backend-app=task.created,task.deleted;activity-app="`
	JSON        Form = "JSON"
)

// honours checks that Dapr reads a value as it was meant.
func (k MetadataKey) honours(value string) []Reason {
	switch {
	case k.Only != nil:
		return oneOf("T-10", value, k.Only...)
	case k.Form == Address:
		return addresses(value)
	case k.Off && value == "-1":
		return nil
	case k.Form.fits(value, k.Min):
		return nil
	}
	return because("T-10", "must be %s%s", k.allowed(), k.Form.hint(value))
}

// allowed returns the form together with its limits.
func (k MetadataKey) allowed() string {
	text := string(k.Form)
	if k.Min > 0 && (k.Form == Integer || k.Form == Seconds) {
		text += fmt.Sprintf(", %d or more", k.Min)
	}
	if k.Off {
		text += `, or "-1" for none`
	}
	return text
}

// fits reports whether a value has the form and, if it is a number, is not less
// than least.
func (f Form) fits(value string, least int) bool {
	switch f {
	case Truth:
		return value == "true" || value == "false"
	case Integer, Seconds, Millis:
		n, ok := whole(value)
		return ok && n >= least
	case Span:
		return span(value)
	case Prefix:
		return value != "" && value == strings.ToLower(value) && value == strings.TrimSpace(value) && !strings.Contains(value, "||")
	case Topics:
		return !slices.Contains(strings.Split(strings.ReplaceAll(value, " ", ""), ","), "")
	case TopicScopes:
		return topicScopes(strings.ReplaceAll(value, " ", ""))
	case JSON:
		return json.Valid([]byte(value))
	case Text, Address:
	}
	return value != "" && value == strings.TrimSpace(value)
}

// hint returns the value that was probably meant, or "".
func (f Form) hint(value string) string {
	n, bare := whole(value)
	d, err := time.ParseDuration(value)
	switch {
	case bare && n > 0 && f == Span:
		return fmt.Sprintf(`: Dapr reads a bare number as milliseconds; write "%ds", or "%dms" if that is meant`, n, n)
	case !bare && err == nil && d >= time.Millisecond && f == Millis:
		return fmt.Sprintf(`: Dapr ignores a duration with a unit there; write "%d"`, d.Milliseconds())
	}
	return ""
}

// whole parses a whole number written in the way that every part of Dapr accepts:
// without a plus sign and leading zeros.
func whole(value string) (int, bool) {
	n, err := strconv.Atoi(value)
	return n, err == nil && strconv.Itoa(n) == value
}

// span reports whether a value is a duration of at least a millisecond. Zero would
// mean the default, and Redis rounds up anything else below a millisecond.
func span(value string) bool {
	d, err := time.ParseDuration(value)
	return err == nil && d >= time.Millisecond
}

// topicScopes reports whether a value has the form "app=topic,topic;app=". An app
// with nothing after the equals sign may use no topic.
func topicScopes(value string) bool {
	for part := range strings.SplitSeq(value, ";") {
		app, topics, ok := strings.Cut(part, "=")
		if !ok || app == "" || strings.Contains(topics, "=") {
			return false
		}
		if topics != "" && slices.Contains(strings.Split(topics, ","), "") {
			return false
		}
	}
	return true
}

func addresses(value string) []Reason {
	for address := range strings.SplitSeq(value, ",") {
		if r := RedisHost(address); r != nil {
			return r
		}
	}
	return nil
}
