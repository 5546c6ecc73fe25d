package verify

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// TestParseEvent: an event of the catalogue's type is read whatever the convention
// for types says, and any other fault counts.
func TestParseEvent(t *testing.T) {
	body := func(typ, id string) []byte {
		return []byte(`{"specversion":"1.0","type":"` + typ + `","source":"/backend/tasks","id":"` + id + `","data":{}}`)
	}
	for _, typ := range []string{"task.created", "Orders"} {
		found, err := parseEvent(body(typ, "1"), typ)
		require.NoError(t, err)
		require.Equal(t, typ, found.Type())
		require.Equal(t, "/backend/tasks", found.Source())
	}
	_, err := parseEvent(body("Orders", "1"), "task.created")
	require.ErrorContains(t, err, `type: "Orders" [E-02]`)
	_, err = parseEvent(body("Orders", ""), "Orders")
	require.ErrorContains(t, err, "id [E-04]: is required")
}
