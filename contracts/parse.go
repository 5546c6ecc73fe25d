package contracts

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"math"
	"mime"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/cloudevents/sdk-go/v2/event"
	"github.com/cloudevents/sdk-go/v2/types"

	"github.com/daprstack/daprstack/config/rules"
)

// ParseEvent parses an event from one JSON object ([EventContentType]), the
// form in which Dapr delivers it and [EncodeEvent] writes it. The error wraps
// all [Problems] (E-01 to E-07, E-11).
//
// It is stricter than the SDK's own decoder, which accepts an attribute that is
// given twice and panics on some malformed data_base64.
func ParseEvent(body []byte) (event.Event, error) {
	p := parser{}
	members, err := splitObject(body)
	if err != nil {
		if errors.Is(err, io.EOF) {
			err = io.ErrUnexpectedEOF
		}
		p.problems.add("event", "", broken("E-01", "must be one JSON object of CloudEvents %s: %v", SpecVersion, err))
		return event.Event{}, p.problems.err("reading an event")
	}
	p.members = members

	env := envelope{
		specVersion: p.text("specversion", "E-01"),
		eventType:   p.text("type", "E-02"),
		source:      p.text("source", "E-03"),
		id:          p.text("id", "E-04"),
		time:        p.optional("time", "E-05"),
		contentType: DefaultDataContentType,
	}
	if p.has("datacontenttype") {
		env.contentType = p.text("datacontenttype", "E-06")
	}
	subject, schema := p.optional("subject", "E-01"), p.optional("dataschema", "E-01")
	if schema != nil {
		if u := types.ParseURI(*schema); u == nil || !u.Validate() || !rules.URIText(*schema) {
			p.problems.add("dataschema", *schema, broken("E-01", "must be an absolute URI"))
		}
	}
	if subject != nil && strings.TrimSpace(*subject) == "" {
		p.problems.add("subject", "", broken("E-01", "must not be empty"))
	}
	var binary bool
	env.data, binary = p.data(env.contentType)
	extensions := p.extensions()

	// An attribute of the wrong JSON type is reported as that, not as missing
	// too.
	for _, found := range env.check() {
		if !p.problems.about(found.Field) {
			p.problems = append(p.problems, found)
		}
	}
	if err := p.problems.err("reading event %q", shorten(env.id)); err != nil {
		return event.Event{}, err
	}

	context := &event.EventContextV1{
		ID:              env.id,
		Type:            env.eventType,
		Source:          *types.ParseURIRef(env.source),
		DataContentType: &env.contentType,
		Subject:         subject,
		Extensions:      extensions,
	}
	if env.time != nil {
		at, _ := time.Parse(time.RFC3339, *env.time) // E-05 holds
		context.Time = &types.Timestamp{Time: at}
	}
	if schema != nil {
		context.DataSchema = types.ParseURI(*schema)
	}
	return event.Event{Context: context, DataEncoded: env.data, DataBase64: binary}, nil
}

// parser holds the members of the JSON object and collects their problems.
type parser struct {
	members  map[string]json.RawMessage
	problems Problems
}

// splitObject returns the members of a JSON object. A null member counts as
// absent; a name that occurs twice is an error.
func splitObject(body []byte) (map[string]json.RawMessage, error) {
	if !utf8.Valid(body) {
		return nil, errors.New("it is not UTF-8")
	}
	dec := json.NewDecoder(bytes.NewReader(body))
	if start, err := dec.Token(); err != nil || start != json.Delim('{') {
		return nil, errors.New("it does not start with {")
	}
	members, seen := map[string]json.RawMessage{}, map[string]bool{}
	for dec.More() {
		name, err := dec.Token()
		if err != nil {
			return nil, err
		}
		var value json.RawMessage
		if err := dec.Decode(&value); err != nil {
			return nil, err
		}
		key := name.(string) // JSON has no other names
		if seen[key] {
			return nil, fmt.Errorf("%q is given twice", shorten(key))
		}
		seen[key] = true
		if string(value) != "null" {
			members[key] = value
		}
	}
	if _, err := dec.Token(); err != nil {
		return nil, err
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("there is data after it")
	}
	return members, nil
}

func (p *parser) has(name string) bool { _, ok := p.members[name]; return ok }

// text returns an attribute that must be a string, or "" if it is absent.
func (p *parser) text(name, rule string) (s string) {
	if !p.has(name) {
		return ""
	}
	if err := json.Unmarshal(p.members[name], &s); err != nil {
		p.problems.add(name, string(p.members[name]), broken(rule, "must be a string"))
	}
	return s
}

// optional returns nil for an absent attribute, to tell it from an empty one.
func (p *parser) optional(name, rule string) *string {
	if !p.has(name) {
		return nil
	}
	s := p.text(name, rule)
	return &s
}

// data returns the bytes of the data, and whether they were given as base64
// (E-07).
func (p *parser) data(contentType string) (data []byte, binary bool) {
	raw, plain := p.members["data"]
	switch {
	case plain && p.has("data_base64"):
		p.problems.add("data", "", broken("E-07", "must be given once, as data or as data_base64"))
	case p.has("data_base64"):
		var s string
		err := json.Unmarshal(p.members["data_base64"], &s)
		if err == nil {
			data, err = base64.StdEncoding.DecodeString(s)
		}
		if err != nil {
			p.problems.add("data", "", broken("E-07", "must be base64 when given as data_base64"))
		}
		return data, true
	case plain && raw[0] == '"' && !sdkJSON(contentType):
		var s string
		_ = json.Unmarshal(raw, &s) // it is a string
		return []byte(s), false
	case plain && !rules.IsJSON(contentType) && rules.ContentType(contentType) == nil:
		p.problems.add("data", "", broken("E-07", "must be a string when datacontenttype is not JSON"))
	}
	return raw, false
}

// sdkJSON reports whether the SDK writes data of this type as it is. It writes
// data of other JSON types, such as application/problem+json, as a string that
// holds JSON.
func sdkJSON(contentType string) bool {
	switch mediaType, _, _ := mime.ParseMediaType(contentType); mediaType {
	case event.ApplicationJSON, event.TextJSON, event.ApplicationCloudEventsJSON, event.ApplicationCloudEventsBatchJSON:
		return true
	}
	return false
}

// extensions returns all other attributes. Dapr adds some, such as topic,
// pubsubname and traceid.
func (p *parser) extensions() map[string]any {
	var found map[string]any
	for _, name := range slices.Sorted(maps.Keys(p.members)) {
		switch name {
		case "specversion", "type", "source", "id", "time", "datacontenttype", "subject", "dataschema", "data", "data_base64":
			continue
		}
		value, ok := extensionValue(p.members[name])
		if !ok || !extensionName.MatchString(name) {
			p.problems.add(name, "", broken("E-01", "must be an extension of CloudEvents %s: "+
				"a name of lower-case letters and digits; a string, a boolean or a 32-bit integer", SpecVersion))
			continue
		}
		if found == nil {
			found = map[string]any{}
		}
		found[name] = value
	}
	return found
}

var extensionName = regexp.MustCompile(`^[a-z0-9]+$`)

func extensionValue(raw json.RawMessage) (any, bool) {
	var value any
	if err := json.Unmarshal(raw, &value); err != nil {
		return nil, false
	}
	switch v := value.(type) {
	case string, bool:
		return v, true
	case float64:
		return int32(v), v == math.Trunc(v) && math.MinInt32 <= v && v <= math.MaxInt32
	}
	return nil, false
}
