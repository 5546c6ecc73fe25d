package contracts

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/cloudevents/sdk-go/v2/event"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/daprstack/daprstack/config/rules"
)

// Each rule of level K is broken once here, or shown where there is nothing to
// refuse. A rule that gets this level later and is forgotten here fails the
// test.
func TestEveryContractRuleIsEnforced(t *testing.T) {
	parse := func(change members) error { _, err := ParseEvent(change.body(t)); return err }
	save := func(e Entry) error { _, err := SaveRequest(t.Context(), storeURL, e); return err }
	mine := key(t, "todo:tasks:1")

	broken := map[string]error{
		"E-01": parse(members{"specversion": "0.3"}),
		"E-02": parse(members{"type": "Created"}),
		"E-03": parse(members{"source": "backend-app"}),
		"E-04": parse(members{"id": ""}),
		"E-05": parse(members{"time": "noon"}),
		"E-06": parse(members{"datacontenttype": ""}),
		"E-07": parse(members{"data": nil}),
		"E-08": TaskCreated{}.Check(),
		"E-11": parse(members{"type": "com.dapr.event.sent"}),
		"N-01": CheckKey(strings.Repeat("x", MaxKeyLength+1)),
		"N-02": CheckKey("session"),
		"N-03": save(Entry{Key: key(t, "cache:user:1"), TTL: time.Second}),
		"N-04": save(Entry{Key: mine, Value: func() {}}),
		"N-05": save(Entry{Key: mine, TTL: -time.Second}),
		"N-06": save(Entry{Key: mine, Consistency: "weak"}),
		"N-07": save(Entry{Key: mine, ETag: "1"}),
		"I-01": second(AppURL("Backend")),
		"I-02": second(InvokeURL("backend-app", "tasks")),
		"I-03": second(InvokeRequest(t.Context(), "http://localhost:8000", "get", "/", nil)),
	}
	shown := map[string]bool{
		"I-05": first(t)(InvokeURL("backend-app", "/tasks")) == "http://localhost:3500/v1.0/invoke/backend-app/method/tasks",
		"X-04": SidecarURL == "http://localhost:3500",
	}
	for _, r := range rules.Table {
		if !slices.Contains(r.Levels, rules.Contract) {
			continue
		}
		if good, ok := shown[r.ID]; ok {
			assert.True(t, good, r.ID)
			continue
		}
		require.Contains(t, broken, r.ID, "a rule of level K that has no test: %s", r.Statement)
		assert.ErrorContains(t, broken[r.ID], "["+r.ID+"]: ")
	}
}

func second[T any](_ T, err error) error { return err }

func first(t *testing.T) func(string, error) string {
	return func(s string, err error) string { require.NoError(t, err); return s }
}

// The rules name these values themselves, without the SDK.
func TestConstantsMatchSDK(t *testing.T) {
	assert.Equal(t, event.CloudEventsVersionV1, SpecVersion)
	assert.Equal(t, event.ApplicationCloudEventsJSON, EventContentType)
	assert.Equal(t, event.ApplicationJSON, DefaultDataContentType)
}
