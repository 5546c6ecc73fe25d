package contracts

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/cloudevents/sdk-go/v2/event"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const (
	urlForm    = "must be an http or https URL without a query or a trailing slash"
	targetForm = "must be the app-id of an app with a sidecar, such as backend-app"
	unchanged  = `must be a path that arrives unchanged: no empty or dot segments, no trailing slash, no escaped / ? # % or control characters`
	validPath  = "must be a valid URI path: escape what is not allowed in one"
	methodForm = "must be one of GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS, TRACE, CONNECT"
)

func TestSidecarAddresses(t *testing.T) {
	app, err := AppURL("backend-app")
	require.NoError(t, err)
	assert.Equal(t, "http://localhost:3500/v1.0/invoke/backend-app/method", app)

	// The example of the data model (I-05, X-04).
	invoke, err := InvokeURL("backend-app", "/tasks")
	require.NoError(t, err)
	assert.Equal(t, "http://localhost:3500/v1.0/invoke/backend-app/method/tasks", invoke)

	state, err := StateURL("statestore")
	require.NoError(t, err)
	assert.Equal(t, "http://localhost:3500/v1.0/state/statestore", state)

	publish, err := PublishURL("pubsub", "task.created")
	require.NoError(t, err)
	assert.Equal(t, "http://localhost:3500/v1.0/publish/pubsub/task.created", publish)
}

func TestSidecarAddressesRefuse(t *testing.T) {
	long := strings.Repeat("a", 59)
	tests := map[string]struct {
		make func() (string, error)
		want []string
	}{
		"no app":       {func() (string, error) { return AppURL("") }, []string{`target [I-01]: ` + targetForm}},
		"capital app":  {func() (string, error) { return AppURL("Backend") }, []string{`target: "Backend" [I-01]: ` + targetForm}},
		"app too long": {func() (string, error) { return AppURL(long) }, []string{`target: "` + long + `" [I-01]: ` + targetForm}},
		"app a path":   {func() (string, error) { return InvokeURL("a/method/b", "/x") }, []string{`target: "a/method/b" [I-01]: ` + targetForm}},
		"both":         {func() (string, error) { return InvokeURL("A", "x") }, []string{`target: "A" [I-01]: ` + targetForm, `path: "x" [I-02]: must start with /`}},
		"store":        {func() (string, error) { return StateURL("state/store") }, []string{`store: "state/store" [T-01]: must be a DNS-1123 name: lower-case letters, digits, hyphens and dots, starting and ending with a letter or digit, at most 253 characters`}},
		"topic":        {func() (string, error) { return PublishURL("", "a b") }, []string{`pubsub [T-01]: is required`, `topic: "a b" [E-08]: must be letters, digits and . _ - : /, starting and ending with a letter or digit, at most 200 characters`}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			address, err := test.make()
			assert.Empty(t, address)
			assert.Equal(t, test.want, reported(err))
		})
	}
}

var pathRules = map[string]struct {
	path string
	want []string
}{
	"root":                 {"/", nil},
	"plain":                {"/tasks", nil},
	"deep":                 {"/tasks/1/complete", nil},
	"escaped":              {"/tasks/a%20b%C3%BC%5c", nil},
	"reserved":             {"/tasks/a:b@c;d=e,f!$&'()*+~-._AZaz09", nil},
	"hexadecimal":          {"/%4A%7a%C3%bf", nil},
	"dots in a name":       {"/a.b/..c", nil},
	"empty":                {"", []string{`path [I-02]: must start with /`}},
	"relative":             {"tasks", []string{`path: "tasks" [I-02]: must start with /`}},
	"absolute URL":         {"http://x/", []string{`path: "http://x/" [I-02]: must start with /`}},
	"query":                {"/tasks?user_id=1", []string{`path: "/tasks?user_id=1" [I-02]: must be a path alone; set the query on the request`}},
	"fragment":             {"/tasks#1", []string{`path: "/tasks#1" [I-02]: must be a path alone; set the query on the request`}},
	"space":                {"/a b", []string{`path: "/a b" [I-02]: ` + validPath}},
	"control":              {"/a\n", []string{`path: "/a\n" [I-02]: ` + validPath}},
	"not ASCII":            {"/ü", []string{`path: "/ü" [I-02]: ` + validPath}},
	"bad escape":           {"/%zz", []string{`path: "/%zz" [I-02]: ` + validPath}},
	"cut escape":           {"/%2", []string{`path: "/%2" [I-02]: ` + validPath}},
	"bracket":              {"/[1]", []string{`path: "/[1]" [I-02]: ` + validPath}},
	"slash at the end":     {"/tasks/", []string{`path: "/tasks/" [I-02]: ` + unchanged}},
	"doubled slash":        {"//tasks", []string{`path: "//tasks" [I-02]: ` + unchanged}},
	"dot":                  {"/./tasks", []string{`path: "/./tasks" [I-02]: ` + unchanged}},
	"dots":                 {"/../../state/statestore", []string{`path: "/../../state/statestore" [I-02]: ` + unchanged}},
	"escaped dots":         {"/%2e%2E/x", []string{`path: "/%2e%2E/x" [I-02]: ` + unchanged}},
	"escaped slash":        {"/a%2Fb", []string{`path: "/a%2Fb" [I-02]: ` + unchanged}},
	"escaped question":     {"/a%3Fb", []string{`path: "/a%3Fb" [I-02]: ` + unchanged}},
	"escaped hash":         {"/a%23b", []string{`path: "/a%23b" [I-02]: ` + unchanged}},
	"escaped percent":      {"/a%25b", []string{`path: "/a%25b" [I-02]: ` + unchanged}},
	"escaped control":      {"/a%00b", []string{`path: "/a%00b" [I-02]: ` + unchanged}},
	"escaped new line end": {"/a%0a", []string{`path: "/a%0a" [I-02]: ` + unchanged}},
}

func TestInvokeRequestPath(t *testing.T) {
	for name, test := range pathRules {
		t.Run(name, func(t *testing.T) {
			req, err := InvokeRequest(t.Context(), "http://backend.todo.svc:8000", "GET", test.path, nil)
			assert.Equal(t, test.want, reported(err))
			if err == nil {
				assert.Equal(t, "http://backend.todo.svc:8000"+test.path, req.URL.String())
			}
		})
	}
}

func TestInvokeRequestMethod(t *testing.T) {
	for _, method := range []string{"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT"} {
		req, err := InvokeRequest(t.Context(), "http://localhost:8000", method, "/", nil)
		require.NoError(t, err, method)
		assert.Equal(t, method, req.Method)
	}
	_, err := InvokeRequest(t.Context(), "http://localhost:8000", "", "/", nil)
	assert.Equal(t, []string{`method [I-03]: ` + methodForm}, reported(err))
	for _, method := range []string{"get", "FETCH", "GET "} {
		_, err := InvokeRequest(t.Context(), "http://localhost:8000", method, "/", nil)
		assert.Equal(t, []string{`method: "` + method + `" [I-03]: ` + methodForm}, reported(err))
	}
}

func TestInvokeRequestReportsAllProblems(t *testing.T) {
	_, err := InvokeRequest(t.Context(), "localhost:8000", "get", "tasks", nil)
	assert.Equal(t, []string{
		`url: "localhost:8000" [C-01]: ` + urlForm,
		`method: "get" [I-03]: ` + methodForm,
		`path: "tasks" [I-02]: must start with /`,
	}, reported(err))
}

// The request is an ordinary one: method, path, query, headers and body arrive.
func TestInvokeRequestArrives(t *testing.T) {
	var got *http.Request
	var body string
	app := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		got, body = r, sent(t, r)
	}))
	defer app.Close()

	req, err := InvokeRequest(t.Context(), app.URL, "PATCH", "/tasks/1/complete", strings.NewReader(`{"a":1}`))
	require.NoError(t, err)
	req.Header.Set("Authorization", "Bearer x")
	req.URL.RawQuery = "user_id=1"
	res, err := http.DefaultClient.Do(req)
	require.NoError(t, err)
	require.NoError(t, res.Body.Close())

	assert.Equal(t, "PATCH", got.Method)
	assert.Equal(t, "/tasks/1/complete?user_id=1", got.URL.String())
	assert.Equal(t, "Bearer x", got.Header.Get("Authorization"))
	assert.Equal(t, `{"a":1}`, body)
}

func TestCheckURL(t *testing.T) {
	for _, good := range []string{"http://localhost:3500/v1.0/state/statestore", "https://x.example", "http://[::1]:80/a"} {
		assert.Empty(t, CheckURL(good), good)
	}
	for _, bad := range []string{"", "localhost:8000", "/tasks", "ftp://x", "http://", "http://x/", "http://x?a=1", "http://x#a", "http://x\n"} {
		assert.NotEmpty(t, CheckURL(bad), bad)
	}
	assert.Equal(t, `url: "ftp://u:xxxxx@x" [C-01]: `+urlForm, CheckURL("ftp://u:secret@x").Error())
}

func TestPublishRequest(t *testing.T) {
	e, err := NewEvent(created)
	require.NoError(t, err)
	req, err := PublishRequest(t.Context(), "http://localhost:3500/v1.0/publish/pubsub/task.created", e)
	require.NoError(t, err)
	assert.Equal(t, "POST", req.Method)
	assert.Equal(t, "application/cloudevents+json", req.Header.Get("Content-Type"))

	arrived, err := ParseEvent([]byte(sent(t, req)))
	require.NoError(t, err)
	data, err := DataAs[TaskCreated](arrived)
	require.NoError(t, err)
	assert.Equal(t, created, data)
	assert.Equal(t, e.ID(), arrived.ID())
	assert.True(t, e.Time().Equal(arrived.Time()))
}

func TestPublishRequestRefuses(t *testing.T) {
	e := event.New()
	_, err := PublishRequest(t.Context(), "pubsub", e)
	assert.Equal(t, []string{
		`url: "pubsub" [C-01]: ` + urlForm,
		`type [E-02]: is required`, `source [E-03]: is required`, `id [E-04]: is required; a UUID is best`, `data [E-07]: is required`,
	}, reported(err))
}
