package contracts

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/daprstack/daprstack/config/rules"
)

// Consistency decides what a write waits for and what a read may see (N-06).
type Consistency string

// The levels of consistency. The default is Eventual.
const (
	Eventual Consistency = rules.Eventual
	Strong   Consistency = rules.Strong
)

// Concurrency decides which of two concurrent writes to an entry wins (N-07).
type Concurrency string

// The kinds of concurrency. The default is LastWrite.
const (
	// LastWrite always writes.
	LastWrite Concurrency = rules.LastWrite
	// FirstWrite refuses a write with a stale ETag with 409.
	FirstWrite Concurrency = rules.FirstWrite
)

// An Entry is one key and value to save.
type Entry struct {
	Key Key // N-01 to N-03

	// Value is anything that encodes to JSON; json.RawMessage is taken as it is
	// (N-04). Dapr reads numbers as float64: integers beyond 2^53 come back
	// changed, so write them as strings.
	Value any

	// TTL, in whole seconds, overrides the key's lifetime (N-05). Default 0:
	// the key's lifetime. An entry that ever had a TTL keeps it until a write
	// sets another.
	TTL time.Duration

	// ETag is the version that FirstWrite expects, from the ETag header of a
	// read. LastWrite would ignore it, so the combination is refused (N-07).
	ETag        string
	Concurrency Concurrency // default LastWrite
	Consistency Consistency // default Eventual
}

// Check returns the rules that the entry breaks (N-01 to N-07).
func (e Entry) Check() Problems {
	ps := CheckKey(e.Key.name)
	ps.add("value", "", rules.StateValue(e.Value))
	if e.TTL != 0 {
		ps.add("ttl", e.TTL.String(), rules.TTL(e.Key.name, e.TTL))
	}
	return join(ps, checkWrite(e.ETag, e.Concurrency, e.Consistency))
}

// SaveRequest builds the request that saves entries in the store at storeURL.
// It always sends the lifetime of a key that has one: without it, a write keeps
// whatever time the entry had left (N-05). Several entries are not saved in one
// transaction.
func SaveRequest(ctx context.Context, storeURL string, entries ...Entry) (*http.Request, error) {
	ps := CheckURL(storeURL)
	wire := make([]savedEntry, 0, len(entries))
	for i, e := range entries {
		ps = join(ps, e.Check().under(fmt.Sprintf("entries[%d]", i)))
		wire = append(wire, e.wire())
	}
	if err := ps.err("building a save request"); err != nil {
		return nil, err
	}
	body, err := json.Marshal(wire)
	if err != nil {
		return nil, fmt.Errorf("building a save request: %w", err)
	}
	return newRequest(ctx, http.MethodPost, storeURL, "application/json", body)
}

// GetRequest builds the request that reads key from the store at storeURL. The
// response is 200 with the value and an ETag header, or 204 if there is no
// entry.
func GetRequest(ctx context.Context, storeURL string, key Key, consistency Consistency) (*http.Request, error) {
	ps := join(CheckURL(storeURL), CheckKey(key.name))
	ps.add("consistency", string(consistency), rules.Consistency(string(consistency)))
	if err := ps.err("building a read request"); err != nil {
		return nil, err
	}
	query := url.Values{"consistency": {string(cmp.Or(consistency, Eventual))}}
	return newRequest(ctx, http.MethodGet, entryURL(storeURL, key, query), "", nil)
}

// DeleteOptions are the conditions of a delete. The fields mean the same as in
// [Entry].
type DeleteOptions struct {
	ETag        string
	Concurrency Concurrency
	Consistency Consistency
}

// DeleteRequest builds the request that deletes key from the store at storeURL.
// Deleting an entry that does not exist succeeds.
func DeleteRequest(ctx context.Context, storeURL string, key Key, opts DeleteOptions) (*http.Request, error) {
	ps := join(CheckURL(storeURL), CheckKey(key.name), checkWrite(opts.ETag, opts.Concurrency, opts.Consistency))
	if err := ps.err("building a delete request"); err != nil {
		return nil, err
	}
	query := url.Values{
		"concurrency": {string(cmp.Or(opts.Concurrency, LastWrite))},
		"consistency": {string(cmp.Or(opts.Consistency, Eventual))},
	}
	req, err := newRequest(ctx, http.MethodDelete, entryURL(storeURL, key, query), "", nil)
	if err == nil && opts.ETag != "" {
		req.Header.Set("If-Match", opts.ETag)
	}
	return req, err
}

// savedEntry is an entry as Dapr's state API takes it.
type savedEntry struct {
	Key      string            `json:"key"`
	Value    any               `json:"value"`
	ETag     string            `json:"etag,omitempty"`
	Metadata map[string]string `json:"metadata,omitempty"`
	Options  struct {
		Concurrency Concurrency `json:"concurrency"`
		Consistency Consistency `json:"consistency"`
	} `json:"options"`
}

func (e Entry) wire() savedEntry {
	w := savedEntry{Key: e.Key.name, Value: e.Value, ETag: e.ETag}
	if ttl := cmp.Or(e.TTL, e.Key.lifetime); ttl > 0 {
		w.Metadata = map[string]string{"ttlInSeconds": strconv.FormatInt(int64(ttl/time.Second), 10)}
	}
	w.Options.Concurrency = cmp.Or(e.Concurrency, LastWrite)
	w.Options.Consistency = cmp.Or(e.Consistency, Eventual)
	return w
}

func checkWrite(etag string, concurrency Concurrency, consistency Consistency) (ps Problems) {
	ps.add("concurrency", string(concurrency), rules.Concurrency(string(concurrency), etag))
	ps.add("consistency", string(consistency), rules.Consistency(string(consistency)))
	return ps
}

// entryURL returns the address of one entry. Dapr decodes the key as a query
// value, in which a plus is a space; in a path it would not be.
func entryURL(storeURL string, key Key, query url.Values) string {
	return storeURL + "/" + url.QueryEscape(key.name) + "?" + query.Encode()
}
