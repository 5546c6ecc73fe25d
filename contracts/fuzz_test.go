package contracts

import (
	"bytes"
	"encoding/json"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"unicode/utf8"
)

// Whatever the input, an event that ParseEvent accepts obeys the rules and
// survives a round trip; an error names a rule.
func FuzzParseEvent(f *testing.F) {
	for _, test := range parseRules {
		f.Add(test.change.body(f))
	}
	f.Add([]byte(`{"specversion":"1.0","type":"task.created","source":"/backend/tasks","id":"1","data":{}}`))
	f.Add([]byte(`{"data_base64":1,"specversion":"1.0"}`))                                    // panics in the SDK's decoder
	f.Add([]byte(`{"specversion":"1.0","data_base64":1,"type":"a.b","source":"/","id":"1"}`)) // there too
	f.Add([]byte(`{"id":"a","id":"b"}`))

	f.Fuzz(func(t *testing.T, body []byte) {
		e, err := ParseEvent(body)
		if err != nil {
			if len(reported(err)) == 0 || !utf8.ValidString(err.Error()) {
				t.Fatalf("refused without a reason: %v", err)
			}
			return
		}
		if !json.Valid(body) {
			t.Fatal("accepted what is not JSON")
		}
		if ps := CheckEvent(e); len(ps) > 0 {
			t.Fatalf("accepted, but: %v", ps)
		}
		if err := e.Validate(); err != nil {
			t.Fatalf("accepted, but not by the SDK: %v", err)
		}
		written, err := EncodeEvent(e)
		if err != nil {
			t.Fatal(err)
		}
		again, err := ParseEvent(written)
		if err != nil {
			t.Fatalf("does not come back: %v\n%s", err, written)
		}
		if again.Context.String() != e.Context.String() || !sameData(again.Data(), e.Data()) {
			t.Fatalf("comes back changed:\n%s\n%s", e, again)
		}
	})
}

// sameData reports whether data is the same, as bytes or as JSON: encoding may
// drop spaces and escape characters.
func sameData(a, b []byte) bool {
	return bytes.Equal(a, b) || bytes.Equal(rewritten(a), rewritten(b)) && json.Valid(a)
}

func rewritten(data []byte) []byte {
	out, _ := json.Marshal(json.RawMessage(data)) // nil if it is not JSON
	return out
}

// An accepted key keeps its name and survives a URL that is decoded as Dapr
// does it.
func FuzzParseKey(f *testing.F) {
	for _, test := range keyRules {
		f.Add(test.key)
	}
	f.Fuzz(func(t *testing.T, name string) {
		key, err := ParseKey(name)
		if err != nil {
			if len(reported(err)) == 0 {
				t.Fatalf("refused without a reason: %v", err)
			}
			return
		}
		if key.String() != name || strings.Contains(name, "||") || utf8.RuneCountInString(name) > MaxKeyLength {
			t.Fatalf("accepted %q as %q", name, key)
		}
		req, err := GetRequest(t.Context(), storeURL, key, "")
		if err != nil {
			t.Fatal(err)
		}
		received := httptest.NewRequest(req.Method, req.URL.RequestURI(), nil).URL
		last := received.EscapedPath()[len("/v1.0/state/statestore/"):]
		if decoded, err := url.QueryUnescape(last); err != nil || decoded != name {
			t.Fatalf("%q arrives as %q: %v", name, decoded, err)
		}
		if received.RawPath == "" {
			t.Fatalf("%q would be decoded twice", name)
		}
	})
}

// An accepted path stays below the app, and the app gets it unchanged after
// Dapr has decoded it.
func FuzzInvokePath(f *testing.F) {
	for _, test := range pathRules {
		f.Add(test.path)
	}
	f.Fuzz(func(t *testing.T, path string) {
		address, err := InvokeURL("backend-app", path)
		if err != nil {
			return
		}
		sent, err := url.Parse(address)
		if err != nil {
			t.Fatal(err)
		}
		decoded, ok := strings.CutPrefix(sent.Path, "/v1.0/invoke/backend-app/method")
		if !ok || sent.Host != "localhost:3500" {
			t.Fatalf("%q leads to %s", path, sent)
		}
		asked, err := url.Parse("http://localhost:8000" + decoded)
		if err != nil || asked.Path != decoded || asked.RawQuery != "" || asked.Fragment != "" {
			t.Fatalf("%q arrives as %v: %v", path, asked, err)
		}
	})
}
