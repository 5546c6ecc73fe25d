// Package sidecar is a fake of a Dapr sidecar's HTTP API for fast tests, as far
// as the applications use it: state with etags, publishing with delivery, and
// invocation. It follows the code of Dapr 1.18.2 and its Redis components; the
// end-to-end tests show that the applications work with the real one.
package sidecar

import (
	"bytes"
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
)

// A Mesh is the state that the sidecars of all applications share.
type Mesh struct {
	apps          map[string]string // app-id → address
	subscriptions map[string]string // topic → address of the handler
	maxRetries    int
	deliveries    sync.WaitGroup

	mu      sync.Mutex
	up      *sync.Cond // on mu: no longer down
	down    bool
	state   map[string]*entry
	letters []string // ids of dead letters
	dropped []string
}

type entry struct {
	value      any
	version    int
	firstWrite bool
}

// New returns a mesh. apps maps app-ids to addresses; topics maps each topic to
// the address of its only subscriber.
func New(apps, topics map[string]string) *Mesh {
	m := &Mesh{apps: apps, subscriptions: topics, maxRetries: 3, state: map[string]*entry{}}
	m.up = sync.NewCond(&m.mu)
	return m
}

// Down makes the state store and the broker fail, or work again.
func (m *Mesh) Down(down bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.down = down
	m.up.Broadcast()
}

// Wait waits until everything published has been delivered, and returns the ids
// of the events that were dead-lettered and of those that were dropped.
func (m *Mesh) Wait() (letters, dropped []string) {
	m.deliveries.Wait()
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.letters, m.dropped
}

// Keys returns the keys in the state store, with their app-id prefix.
func (m *Mesh) Keys() []string {
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.Sorted(maps.Keys(m.state))
}

// Sidecar returns the API of one application's sidecar.
func (m *Mesh) Sidecar(appID string) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /v1.0/state/statestore/{key}", m.exclusive(func(w http.ResponseWriter, r *http.Request) {
		e, ok := m.state[appID+"||"+r.PathValue("key")]
		if !ok {
			w.WriteHeader(http.StatusNoContent)
			return
		}
		w.Header().Set("ETag", strconv.Itoa(e.version))
		_ = json.NewEncoder(w).Encode(e.value)
	}))
	mux.HandleFunc("POST /v1.0/state/statestore", m.exclusive(func(w http.ResponseWriter, r *http.Request) {
		var entries []struct {
			Key     string `json:"key"`
			Value   any    `json:"value"`
			ETag    string `json:"etag"`
			Options struct {
				Concurrency string `json:"concurrency"`
			} `json:"options"`
		}
		if err := json.NewDecoder(r.Body).Decode(&entries); err != nil {
			fail(w, http.StatusBadRequest, "ERR_MALFORMED_REQUEST")
			return
		}
		for _, e := range entries {
			w.WriteHeader(m.save(appID+"||"+e.Key, e.Value, e.ETag, e.Options.Concurrency == "first-write"))
		}
	}))
	mux.HandleFunc("POST /v1.0/publish/pubsub/{topic}", m.exclusive(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		var e map[string]any
		if err != nil || r.Header.Get("Content-Type") != "application/cloudevents+json" || json.Unmarshal(body, &e) != nil {
			fail(w, http.StatusBadRequest, "ERR_PUBSUB_CLOUD_EVENTS_SER")
			return
		}
		topic := r.PathValue("topic")
		e["topic"], e["pubsubname"], e["traceid"], e["tracestate"] = topic, "pubsub", "00-0-0-01", ""
		m.deliveries.Go(func() { m.deliver(m.subscriptions[topic], e) })
		w.WriteHeader(http.StatusNoContent)
	}))
	mux.HandleFunc("/v1.0/invoke/{app}/method/", func(w http.ResponseWriter, r *http.Request) {
		app := r.PathValue("app")
		target := m.apps[app] + strings.TrimPrefix(r.URL.Path, "/v1.0/invoke/"+app+"/method") + "?" + r.URL.RawQuery
		req, err := http.NewRequestWithContext(r.Context(), r.Method, target, r.Body)
		if err != nil {
			fail(w, http.StatusBadRequest, "ERR_DIRECT_INVOKE")
			return
		}
		req.Header = r.Header.Clone()
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			fail(w, http.StatusInternalServerError, "ERR_DIRECT_INVOKE")
			return
		}
		defer res.Body.Close()
		maps.Copy(w.Header(), res.Header)
		w.WriteHeader(res.StatusCode)
		_, _ = io.Copy(w, res.Body)
	})
	return mux
}

// exclusive runs one handler at a time, and fails while the mesh is down.
func (m *Mesh) exclusive(next http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		m.mu.Lock()
		defer m.mu.Unlock()
		if m.down {
			fail(w, http.StatusInternalServerError, "ERR_STATE_OR_PUBSUB")
			return
		}
		next(w, r)
	}
}

// save does what the script of the Redis component does: a conflict is 409 only
// for a caller that named a version, and 500 for one that did not.
func (m *Mesh) save(key string, value any, etag string, firstWrite bool) int {
	e := m.state[key]
	if e == nil {
		e = &entry{}
		m.state[key] = e
	}
	if !firstWrite {
		etag = ""
	}
	switch {
	case e.version == 0, etag == strconv.Itoa(e.version), etag == "" && !e.firstWrite:
		*e = entry{value, e.version + 1, e.firstWrite || firstWrite}
		return http.StatusNoContent
	case etag != "":
		return http.StatusConflict
	}
	return http.StatusInternalServerError
}

// deliver posts an event to its subscriber until the response is final. A
// broker that is down delivers nothing.
func (m *Mesh) deliver(address string, e map[string]any) {
	id, _ := e["id"].(string)
	body, _ := json.Marshal(e)
	for range m.maxRetries + 1 {
		m.mu.Lock()
		for m.down {
			m.up.Wait()
		}
		m.mu.Unlock()
		res, err := http.Post(address, "application/cloudevents+json", bytes.NewReader(body))
		if err != nil {
			continue
		}
		var reply struct {
			Status string `json:"status"`
		}
		_ = json.NewDecoder(res.Body).Decode(&reply)
		_ = res.Body.Close()
		switch {
		case res.StatusCode == http.StatusNotFound, reply.Status == "DROP":
			m.mu.Lock()
			defer m.mu.Unlock()
			m.dropped = append(m.dropped, id)
			return
		case res.StatusCode < 300 && (reply.Status == "SUCCESS" || reply.Status == ""):
			return
		}
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.letters = append(m.letters, id)
}

func fail(w http.ResponseWriter, status int, code string) {
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(map[string]string{"errorCode": code, "message": "fake"})
}
