package contracts

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/cloudevents/sdk-go/v2/event"
	"github.com/google/uuid"

	"github.com/daprstack/daprstack/config/rules"
)

const (
	// SpecVersion is the version of CloudEvents (E-01).
	SpecVersion = rules.SpecVersion
	// EventContentType is the content type of a whole event as one JSON object.
	// An event published with it keeps its own type and source on its way
	// through Dapr (E-03, E-11).
	EventContentType = rules.EventContentType
	// DefaultDataContentType is the content type of data that does not state
	// one (E-06).
	DefaultDataContentType = rules.DataContentType
)

// NewEvent returns a new event with that data: the type and source come from
// the catalogue (E-03, E-11), the id is a new UUID (E-04), the time is now in
// UTC, and the data is encoded as JSON (E-06, E-07). The error wraps the
// [Problems] of the data, if any.
func NewEvent(data Payload) (event.Event, error) {
	def := data.Event()
	e := event.New(SpecVersion)
	e.SetID(uuid.NewString())
	e.SetType(def.Type)
	e.SetSource(def.Source)
	e.SetTime(time.Now().UTC())
	if err := e.SetData(DefaultDataContentType, data); err != nil {
		return event.Event{}, fmt.Errorf("making event %s: encoding its data: %w", def.Type, err)
	}
	ps := join(CheckEvent(e), data.Check().under("data"))
	if err := ps.err("making event %s", def.Type); err != nil {
		return event.Event{}, err
	}
	return e, nil
}

// CheckEvent returns the rules that e breaks (E-01 to E-07, E-11). An event
// without problems may be published.
func CheckEvent(e event.Event) Problems {
	env := envelope{
		specVersion: e.SpecVersion(),
		eventType:   e.Type(),
		source:      e.Source(),
		id:          e.ID(),
		contentType: DefaultDataContentType,
		data:        e.Data(),
	}
	if at := e.Time(); !at.IsZero() {
		written := at.Format(time.RFC3339Nano)
		env.time = &written
	}
	// The SDK does not tell an absent content type from an empty one.
	if c, ok := e.Context.(*event.EventContextV1); ok && c.DataContentType != nil {
		env.contentType = *c.DataContentType
	}
	ps := env.check()
	// The SDK validates attributes that our rules do not cover, and reports the
	// values that its setters refused. Without it, an event would be published
	// without such an attribute.
	var others event.ValidationError
	errors.As(e.Validate(), &others)
	for _, field := range slices.Sorted(maps.Keys(others)) {
		if !ps.about(field) {
			ps.add(field, "", broken("E-01", "must be as CloudEvents %s has it: %v", SpecVersion, others[field]))
		}
	}
	return ps
}

// EncodeEvent encodes e as one JSON object ([EventContentType]). The error
// wraps the [Problems] of e, if any.
func EncodeEvent(e event.Event) ([]byte, error) {
	if err := CheckEvent(e).err("encoding event %q", shorten(e.ID())); err != nil {
		return nil, err
	}
	body, err := json.Marshal(e)
	if err != nil {
		return nil, fmt.Errorf("encoding event %q: %w", shorten(e.ID()), err)
	}
	return body, nil
}

// DataAs decodes the data of e and checks it against the catalogue: e must be
// the event that T belongs to, by type (E-11) and source (E-03), and its data
// must fit T (E-08). Unknown fields are ignored, so that a publisher may add
// some.
func DataAs[T Payload](e event.Event) (T, error) {
	var data T
	def := data.Event()
	var ps Problems
	if got := e.Type(); got != def.Type {
		ps.add("type", got, broken("E-11", "must be %s", def.Type))
	}
	if got := e.Source(); got != def.Source {
		ps.add("source", got, broken("E-03", "must be %s, the source of %s", def.Source, def.Type))
	}
	if err := json.Unmarshal(e.Data(), &data); err != nil {
		ps.add("data", "", broken("E-08", "must fit the schema of %s: %v", def.Type, err))
	} else {
		ps = join(ps, data.Check().under("data"))
	}
	return data, ps.err("reading event %q", shorten(e.ID()))
}

// An envelope holds the attributes of an event as plain values, so that the
// same rules apply to events that were built and to events that were parsed.
type envelope struct {
	specVersion string
	eventType   string
	source      string
	id          string
	time        *string // nil when absent
	contentType string
	data        []byte
}

func (e envelope) check() (ps Problems) {
	ps.add("specversion", e.specVersion, rules.EventVersion(e.specVersion))
	ps.add("type", e.eventType, checkType(e.eventType))
	ps.add("source", e.source, rules.EventSource(e.source))
	ps.add("id", e.id, rules.EventID(e.id))
	if e.time != nil {
		ps.add("time", *e.time, rules.EventTime(*e.time))
	}
	ps.add("datacontenttype", e.contentType, rules.ContentType(e.contentType))
	// Data may be personal, so errors never contain it.
	ps.add("data", "", rules.EventData(e.contentType, e.data))
	return ps
}

// checkType applies rules E-02 and E-11.
func checkType(t string) []rules.Reason {
	if reasons := rules.OwnEventType(t); reasons != nil {
		return reasons
	}
	return rules.EventType(t)
}
