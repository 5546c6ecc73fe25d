package contracts

import (
	"encoding/json"
	"errors"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/cloudevents/sdk-go/v2/event"
	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var noon = time.Date(2026, 2, 8, 12, 0, 0, 0, time.UTC)

var created = TaskCreated{TaskID: 123, UserID: 456, Title: "Buy milk", CreatedAt: noon}

// members are the attributes of an event: those of a valid one, which a test
// case changes or, with nil, removes.
type members map[string]any

func (change members) body(t testing.TB) []byte {
	t.Helper()
	m := members{
		"specversion": "1.0", "type": "task.created", "source": "/backend/tasks", "id": "e1",
		"time": "2026-02-08T12:00:00Z", "datacontenttype": "application/json", "data": members{"task_id": 123},
	}
	for name, value := range change {
		if m[name] = value; value == nil {
			delete(m, name)
		}
	}
	body, err := json.Marshal(m)
	require.NoError(t, err)
	return body
}

var parseRules = map[string]struct {
	change members
	want   []string
}{
	"valid":                       {members{}, nil},
	"valid, three-part type":      {members{"type": "shop.order.placed"}, nil},
	"valid, absolute source":      {members{"source": "https://shop.example/orders"}, nil},
	"valid, no time":              {members{"time": nil}, nil},
	"valid, time with an offset":  {members{"time": "2026-02-08T13:00:00.5+01:00"}, nil},
	"valid, no datacontenttype":   {members{"datacontenttype": nil}, nil},
	"valid, text":                 {members{"datacontenttype": "text/plain", "data": "hello"}, nil},
	"valid, base64":               {members{"datacontenttype": "image/png", "data": nil, "data_base64": "aGk="}, nil},
	"valid, base64 JSON":          {members{"data": nil, "data_base64": "e30="}, nil},
	"valid, another JSON type":    {members{"datacontenttype": "application/problem+json"}, nil},
	"valid, JSON with parameters": {members{"datacontenttype": "application/json; charset=utf-8"}, nil},
	"valid, data an array":        {members{"data": []int{1}}, nil},
	"valid, what Dapr adds":       {members{"topic": "task.created", "pubsubname": "pubsub", "traceid": "00-1-2-01", "tracestate": ""}, nil},
	"valid, other extensions":     {members{"az09": math.MaxInt32, "least": math.MinInt32, "sampled": true}, nil},
	"valid, subject and schema":   {members{"subject": "123", "dataschema": "https://x.example/s.json"}, nil},

	"no specversion":          {members{"specversion": nil}, []string{`specversion [E-01]: must be exactly 1.0`}},
	"specversion 0.3":         {members{"specversion": "0.3"}, []string{`specversion: "0.3" [E-01]: must be exactly 1.0`}},
	"specversion a number":    {members{"specversion": 1.0}, []string{`specversion: "1" [E-01]: must be a string`}},
	"no type":                 {members{"type": nil}, []string{`type [E-02]: is required`}},
	"type of one part":        {members{"type": "created"}, []string{`type: "created" [E-02]: ` + typeForm}},
	"type of four parts":      {members{"type": "a.b.c.d"}, []string{`type: "a.b.c.d" [E-02]: ` + typeForm}},
	"type with capitals":      {members{"type": "Task.Created"}, []string{`type: "Task.Created" [E-02]: ` + typeForm}},
	"type a number":           {members{"type": 7}, []string{`type: "7" [E-02]: must be a string`}},
	"Dapr's default type":     {members{"type": "com.dapr.event.sent"}, []string{`type: "com.dapr.event.sent" [E-11]: must be the event's own type, not the one that Dapr gives to an event without; publish with content type application/cloudevents+json`}},
	"no source":               {members{"source": nil}, []string{`source [E-03]: is required`}},
	"source with a space":     {members{"source": "/a b"}, []string{`source: "/a b" [E-03]: must be a URI-reference such as /backend/tasks`}},
	"source with a bad %":     {members{"source": "/a%zz"}, []string{`source: "/a%zz" [E-03]: must be a URI-reference such as /backend/tasks`}},
	"source with a control":   {members{"source": "/a\u0001"}, []string{`source: "/a\x01" [E-03]: must be a URI-reference such as /backend/tasks`}},
	"source with a bracket":   {members{"source": "/<a>"}, []string{`source: "/<a>" [E-03]: must be a URI-reference such as /backend/tasks`}},
	"source an app-id":        {members{"source": "backend-app"}, []string{`source: "backend-app" [E-03]: must be the event's own source such as /backend/tasks, not an app-id`}},
	"no id":                   {members{"id": nil}, []string{`id [E-04]: is required; a UUID is best`}},
	"blank id":                {members{"id": " "}, []string{`id: " " [E-04]: is required; a UUID is best`}},
	"time without a zone":     {members{"time": "2026-02-08T12:00:00"}, []string{`time: "2026-02-08T12:00:00" [E-05]: must be RFC 3339 such as 2026-02-08T12:00:00Z`}},
	"time a date":             {members{"time": "2026-02-08"}, []string{`time: "2026-02-08" [E-05]: must be RFC 3339 such as 2026-02-08T12:00:00Z`}},
	"time empty":              {members{"time": ""}, []string{`time [E-05]: must be RFC 3339 such as 2026-02-08T12:00:00Z`}},
	"time a number":           {members{"time": 12}, []string{`time: "12" [E-05]: must be a string`}},
	"content type no type":    {members{"datacontenttype": "json"}, []string{`datacontenttype: "json" [E-06]: must be a media type such as application/json, which is the default`}},
	"content type empty":      {members{"datacontenttype": ""}, []string{`datacontenttype [E-06]: must be a media type such as application/json, which is the default`}},
	"no data":                 {members{"data": nil}, []string{`data [E-07]: is required`}},
	"data null":               {members{"data": json.RawMessage("null")}, []string{`data [E-07]: is required`}},
	"text data not a string":  {members{"datacontenttype": "text/plain"}, []string{`data [E-07]: must be a string when datacontenttype is not JSON`}},
	"data twice":              {members{"data_base64": "aGk="}, []string{`data [E-07]: must be given once, as data or as data_base64`}},
	"data bad base64":         {members{"data": nil, "data_base64": "!"}, []string{`data [E-07]: must be base64 when given as data_base64`}},
	"data base64 a number":    {members{"data": nil, "data_base64": 1}, []string{`data [E-07]: must be base64 when given as data_base64`}},
	"base64 of no JSON":       {members{"data": nil, "data_base64": "aGk="}, []string{`data [E-07]: must be valid JSON, as datacontenttype says`}},
	"base64 of no UTF-8":      {members{"data": nil, "data_base64": "Iv8i"}, []string{`data [E-07]: must be valid JSON, as datacontenttype says`}},
	"another JSON type, text": {members{"datacontenttype": "application/problem+json", "data": "{"}, []string{`data [E-07]: must be valid JSON, as datacontenttype says`}},
	"extension an object":     {members{"extra": members{}}, []string{`extra [E-01]: ` + extensionForm}},
	"extension a fraction":    {members{"extra": 1.5}, []string{`extra [E-01]: ` + extensionForm}},
	"extension too large":     {members{"extra": math.MaxInt32 + 1}, []string{`extra [E-01]: ` + extensionForm}},
	"extension too small":     {members{"extra": math.MinInt32 - 1}, []string{`extra [E-01]: ` + extensionForm}},
	"extension name":          {members{"Extra-1": "x"}, []string{`Extra-1 [E-01]: ` + extensionForm}},
	"dataschema no URI":       {members{"dataschema": "a b"}, []string{`dataschema: "a b" [E-01]: must be an absolute URI`}},
	"dataschema relative":     {members{"dataschema": "/s.json"}, []string{`dataschema: "/s.json" [E-01]: must be an absolute URI`}},
	"subject empty":           {members{"subject": ""}, []string{`subject [E-01]: must not be empty`}},

	"everything at once": {members{"specversion": nil, "type": "X", "source": "backend-app", "id": nil, "time": "now", "datacontenttype": "x", "data": nil}, []string{
		`specversion [E-01]: must be exactly 1.0`,
		`type: "X" [E-02]: ` + typeForm,
		`source: "backend-app" [E-03]: must be the event's own source such as /backend/tasks, not an app-id`,
		`id [E-04]: is required; a UUID is best`,
		`time: "now" [E-05]: must be RFC 3339 such as 2026-02-08T12:00:00Z`,
		`datacontenttype: "x" [E-06]: must be a media type such as application/json, which is the default`,
		`data [E-07]: is required`,
	}},
}

const (
	typeForm      = "must be lower-case {entity}.{action} or {domain}.{entity}.{action}"
	extensionForm = "must be an extension of CloudEvents 1.0: a name of lower-case letters and digits; a string, a boolean or a 32-bit integer"
)

func TestParseEvent(t *testing.T) {
	for name, test := range parseRules {
		t.Run(name, func(t *testing.T) {
			e, err := ParseEvent(test.change.body(t))
			assert.Equal(t, test.want, reported(err))
			if err == nil {
				assert.Empty(t, CheckEvent(e), "what was accepted must be valid")
				assert.NoError(t, e.Validate(), "by the SDK too")
			}
		})
	}
}

// reported returns the problems of an error, nil if there is none.
func reported(err error) (lines []string) {
	var ps Problems
	if err != nil && !errors.As(err, &ps) {
		return []string{"not Problems: " + err.Error()}
	}
	for _, p := range ps {
		lines = append(lines, p.String())
	}
	return lines
}

func TestParseEventRefusesAnythingButOneObject(t *testing.T) {
	tests := map[string]string{
		``:                        "it does not start with {",
		`[]`:                      "it does not start with {",
		`"x"`:                     "it does not start with {",
		`{`:                       "unexpected EOF",
		`{"id":`:                  "unexpected EOF",
		`{"id":"a","id":"b"}`:     `"id" is given twice`,
		`{"id":null,"id":"b"}`:    `"id" is given twice`,
		`{"id":"a"} {}`:           "there is data after it",
		"{\"id\":\"\xff\"}":       "it is not UTF-8",
		`{"specversion":"1.0",,}`: "invalid character ',' ",
	}
	for body, want := range tests {
		_, err := ParseEvent([]byte(body))
		require.Error(t, err, body)
		assert.Contains(t, err.Error(), "event [E-01]: must be one JSON object of CloudEvents 1.0: ", body)
		assert.Contains(t, err.Error(), want, body)
	}
}

func TestParseEventKeepsEverything(t *testing.T) {
	e, err := ParseEvent(members{"subject": "123", "dataschema": "https://x.example/s.json", "sampled": true, "partition": 7, "topic": "task.created"}.body(t))
	require.NoError(t, err)
	assert.Equal(t, "1.0", e.SpecVersion())
	assert.Equal(t, "task.created", e.Type())
	assert.Equal(t, "/backend/tasks", e.Source())
	assert.Equal(t, "e1", e.ID())
	assert.Equal(t, noon, e.Time())
	assert.Equal(t, "application/json", e.DataContentType())
	assert.Equal(t, "123", e.Subject())
	assert.Equal(t, "https://x.example/s.json", e.DataSchema())
	assert.Equal(t, map[string]any{"sampled": true, "partition": int32(7), "topic": "task.created"}, e.Extensions())
	assert.JSONEq(t, `{"task_id":123}`, string(e.Data()))
}

// E-06: data without a content type is JSON.
func TestParseEventSetsDefaultContentType(t *testing.T) {
	e, err := ParseEvent(members{"datacontenttype": nil}.body(t))
	require.NoError(t, err)
	assert.Equal(t, "application/json", e.DataContentType())
}

func TestParseEventReadsDataInEveryForm(t *testing.T) {
	tests := map[string]struct {
		change members
		want   string
	}{
		"JSON":                       {members{"data": members{"a": 1}}, `{"a":1}`},
		"a JSON string":              {members{"data": "hi"}, `"hi"`},
		"text":                       {members{"datacontenttype": "text/plain", "data": "hi"}, `hi`},
		"another JSON type":          {members{"datacontenttype": "application/a+json", "data": members{"a": 1}}, `{"a":1}`},
		"another JSON type, by SDKs": {members{"datacontenttype": "application/a+json", "data": `{"a":1}`}, `{"a":1}`},
		"base64":                     {members{"datacontenttype": "a/b", "data": nil, "data_base64": "aGk="}, `hi`},
	}
	for name, test := range tests {
		e, err := ParseEvent(test.change.body(t))
		require.NoError(t, err, name)
		assert.Equal(t, test.want, string(e.Data()), name)
	}
}

func TestEncodeEventRoundTrip(t *testing.T) {
	for name, test := range parseRules {
		if test.want != nil {
			continue
		}
		first, err := ParseEvent(test.change.body(t))
		require.NoError(t, err, name)
		body, err := EncodeEvent(first)
		require.NoError(t, err, name)
		second, err := ParseEvent(body)
		require.NoError(t, err, name)
		assert.Empty(t, cmp.Diff(first, second), name)
	}
}

func TestNewEventComesFromTheCatalogue(t *testing.T) {
	for _, test := range []struct {
		data    Payload
		kind    string
		trigger string
		want    string
	}{
		{created, "task.created", "POST /tasks", `{"task_id":123,"user_id":456,"title":"Buy milk","created_at":"2026-02-08T12:00:00Z"}`},
		{TaskUpdated{1, 2, UpdatedFields{Title: new("Milk")}}, "task.updated", "PUT /tasks/{id}", `{"task_id":1,"user_id":2,"updated_fields":{"title":"Milk"}}`},
		{TaskDeleted{1, 2, noon}, "task.deleted", "DELETE /tasks/{id}", `{"task_id":1,"user_id":2,"deleted_at":"2026-02-08T12:00:00Z"}`},
		{TaskCompleted{1, 2, noon}, "task.completed", "PATCH /tasks/{id}/complete", `{"task_id":1,"user_id":2,"completed_at":"2026-02-08T12:00:00Z"}`},
	} {
		before := time.Now()
		e, err := NewEvent(test.data)
		require.NoError(t, err)
		assert.Equal(t, test.kind, e.Type())
		assert.Equal(t, test.trigger, test.data.Event().Trigger)
		assert.Equal(t, "/backend/tasks", e.Source())
		assert.Equal(t, "application/json", e.DataContentType())
		assert.JSONEq(t, test.want, string(e.Data()))
		assert.False(t, e.Time().Before(before))
		assert.Equal(t, time.UTC, e.Time().Location())
		_, err = uuid.Parse(e.ID())
		assert.NoError(t, err, "the id is a UUID (E-04)")
		assert.Empty(t, CheckEvent(e))
	}
}

func TestNewEventsAreUnique(t *testing.T) {
	first, err := NewEvent(created)
	require.NoError(t, err)
	second, err := NewEvent(created)
	require.NoError(t, err)
	assert.NotEqual(t, first.ID(), second.ID(), "E-04")
}

func TestCatalogueHasTheFourEvents(t *testing.T) {
	var types []string
	for _, p := range Catalogue() {
		types = append(types, p.Event().Type)
	}
	assert.Equal(t, []string{"task.completed", "task.created", "task.deleted", "task.updated"}, types)
}

// badPayload belongs to a catalogue that breaks the rules of the envelope.
type badPayload struct{ Value any }

func (badPayload) Event() EventType { return EventType{Type: "Created", Source: "backend-app"} }
func (badPayload) Check() (ps Problems) {
	ps.add("value", "", broken("E-08", "is required"))
	return ps
}

func TestNewEventReportsAllProblems(t *testing.T) {
	_, err := NewEvent(badPayload{})
	assert.Equal(t, []string{
		`type: "Created" [E-02]: ` + typeForm,
		`source: "backend-app" [E-03]: must be the event's own source such as /backend/tasks, not an app-id`,
		`data.value [E-08]: is required`,
	}, reported(err))

	_, err = NewEvent(badPayload{func() {}})
	assert.ErrorContains(t, err, "making event Created: encoding its data")
}

// The SDK's setters and structs allow values that the rules do not.
func TestCheckEventOnHandMadeEvents(t *testing.T) {
	valid := func(change func(*event.Event)) event.Event {
		e, err := NewEvent(created)
		require.NoError(t, err)
		change(&e)
		return e
	}
	tests := map[string]struct {
		event event.Event
		want  []string
	}{
		"valid":              {valid(func(*event.Event) {}), nil},
		"no content type":    {valid(func(e *event.Event) { e.Context.(*event.EventContextV1).DataContentType = nil }), nil},
		"version 0.3":        {valid(func(e *event.Event) { e.SetSpecVersion("0.3") }), []string{`specversion: "0.3" [E-01]: must be exactly 1.0`}},
		"setter refused":     {valid(func(e *event.Event) { e.SetDataSchema("%zz") }), []string{`dataschema [E-01]: must be as CloudEvents 1.0 has it: parse "%zz": invalid URL escape "%zz"`}},
		"relative schema":    {valid(func(e *event.Event) { e.SetDataSchema("/s.json") }), []string{`dataschema [E-01]: must be as CloudEvents 1.0 has it: if present, MUST adhere to the format specified in RFC 3986, Section 4.3. Absolute URI`}},
		"rule known already": {valid(func(e *event.Event) { e.Context.(*event.EventContextV1).ID = ""; e.SetID("") }), []string{`id [E-04]: is required; a UUID is best`}},
		"year 10000":         {valid(func(e *event.Event) { e.SetTime(noon.AddDate(8000, 0, 0)) }), []string{`time: "10026-02-08T12:00:00Z" [E-05]: must be RFC 3339 such as 2026-02-08T12:00:00Z`}},
		"empty content type": {valid(func(e *event.Event) { e.Context.(*event.EventContextV1).DataContentType = new("") }), []string{`datacontenttype [E-06]: must be a media type such as application/json, which is the default`}},
		"data not JSON":      {valid(func(e *event.Event) { e.DataEncoded = []byte("{") }), []string{`data [E-07]: must be valid JSON, as datacontenttype says`}},
		"zero":               {event.Event{}, []string{`specversion [E-01]: must be exactly 1.0`, `type [E-02]: is required`, `source [E-03]: is required`, `id [E-04]: is required; a UUID is best`, `data [E-07]: is required`}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			assert.Equal(t, test.want, reported(CheckEvent(test.event).err("checking")))
			_, err := EncodeEvent(test.event)
			assert.Equal(t, test.want, reported(err), "nothing invalid is encoded")
		})
	}
}

func TestDataAs(t *testing.T) {
	e, err := NewEvent(created)
	require.NoError(t, err)

	got, err := DataAs[TaskCreated](e)
	require.NoError(t, err)
	assert.Equal(t, created, got)

	_, err = DataAs[TaskDeleted](e)
	assert.Equal(t, []string{
		`type: "task.created" [E-11]: must be task.deleted`,
		`data.deleted_at [E-08]: is required, RFC 3339`,
	}, reported(err))

	e.SetSource("/elsewhere")
	_, err = DataAs[TaskCreated](e)
	assert.Equal(t, []string{`source: "/elsewhere" [E-03]: must be /backend/tasks, the source of task.created`}, reported(err))
}

func TestDataAsChecksTheSchema(t *testing.T) {
	tests := map[string]struct {
		data string
		want []string
	}{
		"member added": {`{"task_id":1,"user_id":2,"title":"x","created_at":"2026-02-08T12:00:00Z","new":1}`, nil},
		"empty":        {`{}`, []string{`data.task_id [E-08]: is required, 1 or more`, `data.user_id [E-08]: is required, 1 or more`, `data.title [E-08]: is required and not blank`, `data.created_at [E-08]: is required, RFC 3339`}},
		"wrong type":   {`{"task_id":"1"}`, []string{`data [E-08]: must fit the schema of task.created: json: cannot unmarshal string into Go struct field TaskCreated.task_id of type int64`}},
		"no object":    {`7`, []string{`data [E-08]: must fit the schema of task.created: json: cannot unmarshal number into Go value of type contracts.TaskCreated`}},
	}
	for name, test := range tests {
		e, err := ParseEvent(members{"data": json.RawMessage(test.data)}.body(t))
		require.NoError(t, err, name)
		_, err = DataAs[TaskCreated](e)
		assert.Equal(t, test.want, reported(err), name)
	}
}

func TestUpdatedFields(t *testing.T) {
	assert.Empty(t, TaskUpdated{1, 2, UpdatedFields{Title: new("x")}}.Check())
	assert.Equal(t, []string{`updated_fields [E-08]: must name at least one field`}, reported(TaskUpdated{1, 2, UpdatedFields{}}.Check().err("")))
	assert.Equal(t, []string{`updated_fields.title [E-08]: is required and not blank`}, reported(TaskUpdated{1, 2, UpdatedFields{Title: new(" ")}}.Check().err("")))
}

func TestErrorsShortenLongValues(t *testing.T) {
	exact := strings.Repeat("ü", 80)
	assert.Equal(t, exact, shorten(exact))
	assert.Equal(t, exact+"…", shorten(exact+"ü"))
}

// Data may be personal and ids long: neither belongs in a log.
func TestErrorsHideDataAndStayShort(t *testing.T) {
	long := string(make([]byte, 4000))
	_, err := ParseEvent(members{"id": long, "type": "t" + long, "datacontenttype": "application/json", "data": nil, "data_base64": "c2VjcmV0"}.body(t))
	require.Error(t, err)
	assert.NotContains(t, err.Error(), "secret")
	assert.NotContains(t, err.Error(), "c2VjcmV0")
	assert.Less(t, len(err.Error()), 1500)
}
