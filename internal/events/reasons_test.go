package events

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestReasons uses the words that Dapr 1.18.2 logs.
func TestReasons(t *testing.T) {
	found := map[string]string{}
	readReasons([]byte(`time="1" level=info msg="up"
time="2" level=warning msg="retriable error returned from app while processing pub/sub event a-1, topic: t, body: {\"why\":\"no stock\"}\n. status code returned: 500" type=log
time="3" level=warning msg="encountered a retriable error while publishing a subscribed message to topic t, err: retriable error returned from app while processing pub/sub event a-1, topic: t, body: {\"why\":\"no shelf\"}\n. status code returned: 503" type=log
time="4" level=error msg="non-retriable error returned from app while processing pub/sub event b-2: 404 page not found\n. status code returned: 404" type=log
time="5" level=warning msg="DROP status returned from app while processing pub/sub event c-3" type=log
time="6" level=warning msg="x, err: RETRY status returned from app while processing pub/sub event d-4: retriable error" type=log
time="7" level=warning msg="dropping expired pub/sub event e-5 as of 2026-01-01T00:00:00Z" type=log
time="8" level=warning msg="retriable error returned from app while processing pub/sub event f-6, topic: t, body: . status code returned: 502" type=log
time="9" level=warning msg="retriable error returned from app while processing pub/sub event g-7, topic: t, body: `+strings.Repeat("x", 100)+`. status code returned: 502" type=log
`), found)
	require.Equal(t, map[string]string{
		"a-1": `the handler answered 503: {"why":"no shelf"}`,
		"b-2": "the handler answered 404: 404 page not found",
		"c-3": "the handler answered DROP",
		"d-4": "the handler answered RETRY",
		"e-5": "it had expired",
		"f-6": "the handler answered 502",
		"g-7": "the handler answered 502: " + strings.Repeat("x", 80) + "…",
	}, found)
}
