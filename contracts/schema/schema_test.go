package schema

import (
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	validator "github.com/santhosh-tekuri/jsonschema/v5"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/daprstack/daprstack/contracts"
)

var update = flag.Bool("update", false, "write the golden files")

// The schema is a contract with programs in other languages, so any change to
// it has to be visible.
func TestEventSchemaGolden(t *testing.T) {
	for _, p := range contracts.Catalogue() {
		name := filepath.Join("testdata", p.Event().Type+".json")
		got, err := json.MarshalIndent(Event(p), "", "  ")
		require.NoError(t, err)
		if *update {
			require.NoError(t, os.WriteFile(name, append(got, '\n'), 0o644))
		}
		want, err := os.ReadFile(name)
		require.NoError(t, err, "run go test ./contracts/schema -update")
		assert.JSONEq(t, string(want), string(got), "run go test ./contracts/schema -update and look at the difference")
	}
}

// The Go checks and the schema must refuse the same data, for every event.
func TestSchemaAndChecksAgree(t *testing.T) {
	const at = `"2026-02-08T12:00:00Z"`
	tests := map[string]struct {
		payload func() contracts.Payload
		data    string
		valid   bool
	}{
		"created":                  {created, `{"task_id":1,"user_id":2,"title":"Milk","created_at":` + at + `}`, true},
		"created, member added":    {created, `{"task_id":1,"user_id":2,"title":"Milk","created_at":` + at + `,"color":"red"}`, true},
		"created, no task_id":      {created, `{"user_id":2,"title":"Milk","created_at":` + at + `}`, false},
		"created, task_id 0":       {created, `{"task_id":0,"user_id":2,"title":"Milk","created_at":` + at + `}`, false},
		"created, task_id text":    {created, `{"task_id":"1","user_id":2,"title":"Milk","created_at":` + at + `}`, false},
		"created, no user_id":      {created, `{"task_id":1,"title":"Milk","created_at":` + at + `}`, false},
		"created, user_id -1":      {created, `{"task_id":1,"user_id":-1,"title":"Milk","created_at":` + at + `}`, false},
		"created, no title":        {created, `{"task_id":1,"user_id":2,"created_at":` + at + `}`, false},
		"created, blank title":     {created, `{"task_id":1,"user_id":2,"title":" ","created_at":` + at + `}`, false},
		"created, no created_at":   {created, `{"task_id":1,"user_id":2,"title":"Milk"}`, false},
		"created, bad created_at":  {created, `{"task_id":1,"user_id":2,"title":"Milk","created_at":"today"}`, false},
		"created, not an object":   {created, `[]`, false},
		"updated":                  {updated, `{"task_id":1,"user_id":2,"updated_fields":{"title":"Milk"}}`, true},
		"updated, no task_id":      {updated, `{"user_id":2,"updated_fields":{"title":"Milk"}}`, false},
		"updated, no user_id":      {updated, `{"task_id":1,"updated_fields":{"title":"Milk"}}`, false},
		"updated, no fields":       {updated, `{"task_id":1,"user_id":2}`, false},
		"updated, empty fields":    {updated, `{"task_id":1,"user_id":2,"updated_fields":{}}`, false},
		"updated, blank title":     {updated, `{"task_id":1,"user_id":2,"updated_fields":{"title":""}}`, false},
		"deleted":                  {deleted, `{"task_id":1,"user_id":2,"deleted_at":` + at + `}`, true},
		"deleted, no task_id":      {deleted, `{"user_id":2,"deleted_at":` + at + `}`, false},
		"deleted, no user_id":      {deleted, `{"task_id":1,"deleted_at":` + at + `}`, false},
		"deleted, no deleted_at":   {deleted, `{"task_id":1,"user_id":2}`, false},
		"completed":                {completed, `{"task_id":1,"user_id":2,"completed_at":` + at + `}`, true},
		"completed, no task_id":    {completed, `{"user_id":2,"completed_at":` + at + `}`, false},
		"completed, no user_id":    {completed, `{"task_id":1,"completed_at":` + at + `}`, false},
		"completed, no time":       {completed, `{"task_id":1,"user_id":2}`, false},
		"completed, time a number": {completed, `{"task_id":1,"user_id":2,"completed_at":1770552000}`, false},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			p := test.payload()
			assert.Equal(t, test.valid, conforms(t, p, test.data), "by the schema")

			err := json.Unmarshal([]byte(test.data), p)
			assert.Equal(t, test.valid, err == nil && len(p.Check()) == 0, "by Check")
		})
	}
}

func created() contracts.Payload   { return &contracts.TaskCreated{} }
func updated() contracts.Payload   { return &contracts.TaskUpdated{} }
func deleted() contracts.Payload   { return &contracts.TaskDeleted{} }
func completed() contracts.Payload { return &contracts.TaskCompleted{} }

// conforms validates data with a validator other than the generator's.
func conforms(t *testing.T, p contracts.Payload, data string) bool {
	t.Helper()
	text, err := json.Marshal(Data(p))
	require.NoError(t, err)
	c := validator.NewCompiler()
	c.AssertFormat = true
	require.NoError(t, c.AddResource("data.json", strings.NewReader(string(text))))
	s, err := c.Compile("data.json")
	require.NoError(t, err)
	var v any
	require.NoError(t, json.Unmarshal([]byte(data), &v))
	return s.Validate(v) == nil
}
