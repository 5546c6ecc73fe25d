package contracts

import (
	"encoding/json"
	"io"
	"math"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const storeURL = "http://localhost:3500/v1.0/state/statestore"

func key(t *testing.T, name string) Key {
	t.Helper()
	k, err := ParseKey(name)
	require.NoError(t, err)
	return k
}

func sent(t *testing.T, req *http.Request) string {
	t.Helper()
	body, err := io.ReadAll(req.Body)
	require.NoError(t, err)
	return string(body)
}

func TestSaveRequest(t *testing.T) {
	req, err := SaveRequest(t.Context(), storeURL,
		Entry{Key: key(t, "cache:user:456"), Value: map[string]string{"name": "Ada"}},
		Entry{Key: key(t, "todo:tasks:1"), Value: json.RawMessage(`[1]`), ETag: "7", Concurrency: FirstWrite, Consistency: Strong},
		Entry{Key: key(t, "todo:draft:1"), Value: nil, TTL: 90 * time.Second},
	)
	require.NoError(t, err)
	assert.Equal(t, "POST", req.Method)
	assert.Equal(t, storeURL, req.URL.String())
	assert.Equal(t, "application/json", req.Header.Get("Content-Type"))
	assert.JSONEq(t, `[
		{"key":"cache:user:456","value":{"name":"Ada"},"metadata":{"ttlInSeconds":"1800"},"options":{"concurrency":"last-write","consistency":"eventual"}},
		{"key":"todo:tasks:1","value":[1],"etag":"7","options":{"concurrency":"first-write","consistency":"strong"}},
		{"key":"todo:draft:1","value":null,"metadata":{"ttlInSeconds":"90"},"options":{"concurrency":"last-write","consistency":"eventual"}}
	]`, sent(t, req))
	assert.NotNil(t, req.GetBody, "a client may send it again")
}

// N-05: a write without a TTL keeps the old one, so a key with a lifetime always
// sends it.
func TestSaveRequestAlwaysSendsTheLifetime(t *testing.T) {
	for name, want := range map[string]string{
		"chat:session:1": "3600", "cache:user:1": "1800", "workflow:task:1": "600", "cache:tasks:1": "300",
	} {
		req, err := SaveRequest(t.Context(), storeURL, Entry{Key: key(t, name), Value: 1})
		require.NoError(t, err)
		assert.Contains(t, sent(t, req), `"metadata":{"ttlInSeconds":"`+want+`"}`, name)
	}
}

func TestSaveRequestRefuses(t *testing.T) {
	mine := key(t, "todo:tasks:1")
	tests := map[string]struct {
		entry Entry
		want  []string
	}{
		"no key":               {Entry{Value: 1}, []string{`entries[0].key [N-01]: is required`, `entries[0].key [N-02]: ` + keyFormText}},
		"value no JSON":        {Entry{Key: mine, Value: math.NaN()}, []string{`entries[0].value [N-04]: must be valid JSON: json: unsupported value: NaN`}},
		"raw value no JSON":    {Entry{Key: mine, Value: json.RawMessage(`{`)}, []string{`entries[0].value [N-04]: must be valid JSON: json: error calling MarshalJSON for type json.RawMessage: unexpected end of JSON input`}},
		"negative TTL":         {Entry{Key: mine, TTL: -time.Second}, []string{`entries[0].ttl: "-1s" [N-05]: must be a positive number of whole seconds`}},
		"fraction of a second": {Entry{Key: mine, TTL: 1500 * time.Millisecond}, []string{`entries[0].ttl: "1.5s" [N-05]: must be a positive number of whole seconds`}},
		"other TTL than given": {Entry{Key: key(t, "chat:session:1"), TTL: time.Minute}, []string{`entries[0].ttl: "1m0s" [N-03]: must be 3600 s for chat:session:{id}`}},
		"consistency":          {Entry{Key: mine, Consistency: "Strong"}, []string{`entries[0].consistency: "Strong" [N-06]: must be strong or eventual; the default is eventual`}},
		"concurrency":          {Entry{Key: mine, Concurrency: "none"}, []string{`entries[0].concurrency: "none" [N-07]: must be first-write or last-write; the default is last-write`}},
		"etag unused":          {Entry{Key: mine, ETag: "1"}, []string{`entries[0].concurrency [N-07]: must be first-write when an etag is given: last-write, the default, ignores it`}},
		"etag ignored":         {Entry{Key: mine, ETag: "1", Concurrency: LastWrite}, []string{`entries[0].concurrency: "last-write" [N-07]: must be first-write when an etag is given: last-write, the default, ignores it`}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			_, err := SaveRequest(t.Context(), storeURL, test.entry)
			assert.Equal(t, test.want, reported(err))
		})
	}

	t.Run("all at once", func(t *testing.T) {
		_, err := SaveRequest(t.Context(), "statestore", Entry{Key: mine}, Entry{ETag: "1", TTL: 1, Consistency: "x"})
		assert.Equal(t, []string{
			`url: "statestore" [C-01]: ` + urlForm,
			`entries[1].key [N-01]: is required`,
			`entries[1].key [N-02]: ` + keyFormText,
			`entries[1].ttl: "1ns" [N-05]: must be a positive number of whole seconds`,
			`entries[1].concurrency [N-07]: must be first-write when an etag is given: last-write, the default, ignores it`,
			`entries[1].consistency: "x" [N-06]: must be strong or eventual; the default is eventual`,
		}, reported(err))
	})
}

func TestGetRequest(t *testing.T) {
	req, err := GetRequest(t.Context(), storeURL, key(t, "chat:session:123"), "")
	require.NoError(t, err)
	assert.Equal(t, "GET", req.Method)
	assert.Equal(t, storeURL+"/chat%3Asession%3A123?consistency=eventual", req.URL.String())

	req, err = GetRequest(t.Context(), storeURL, key(t, "chat:session:123"), Strong)
	require.NoError(t, err)
	assert.Equal(t, "strong", req.URL.Query().Get("consistency"))

	_, err = GetRequest(t.Context(), "", Key{}, "weak")
	assert.Equal(t, []string{
		`url [C-01]: ` + urlForm,
		`key [N-01]: is required`,
		`key [N-02]: ` + keyFormText,
		`consistency: "weak" [N-06]: must be strong or eventual; the default is eventual`,
	}, reported(err))
}

// Dapr decodes the key as a query value, whatever stands in the path.
func TestEntryURLEscapesForDapr(t *testing.T) {
	req, err := GetRequest(t.Context(), storeURL, key(t, "a:b:x/y+z%20?&#ü"), "")
	require.NoError(t, err)
	assert.Equal(t, storeURL+"/a%3Ab%3Ax%2Fy%2Bz%2520%3F%26%23%C3%BC?consistency=eventual", req.URL.String())
}

func TestDeleteRequest(t *testing.T) {
	req, err := DeleteRequest(t.Context(), storeURL, key(t, "todo:tasks:1"), DeleteOptions{})
	require.NoError(t, err)
	assert.Equal(t, "DELETE", req.Method)
	assert.Equal(t, storeURL+"/todo%3Atasks%3A1?concurrency=last-write&consistency=eventual", req.URL.String())
	assert.NotContains(t, req.Header, "If-Match")

	req, err = DeleteRequest(t.Context(), storeURL, key(t, "todo:tasks:1"), DeleteOptions{ETag: "7", Concurrency: FirstWrite, Consistency: Strong})
	require.NoError(t, err)
	assert.Equal(t, "concurrency=first-write&consistency=strong", req.URL.RawQuery)
	assert.Equal(t, "7", req.Header.Get("If-Match"))

	_, err = DeleteRequest(t.Context(), "ftp://x", Key{}, DeleteOptions{ETag: "7", Consistency: "x"})
	assert.Equal(t, []string{
		`url: "ftp://x" [C-01]: ` + urlForm,
		`key [N-01]: is required`,
		`key [N-02]: ` + keyFormText,
		`concurrency [N-07]: must be first-write when an etag is given: last-write, the default, ignores it`,
		`consistency: "x" [N-06]: must be strong or eventual; the default is eventual`,
	}, reported(err))
}
