package store

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"

	"github.com/daprstack/daprstack/contracts"
)

// maxDocument limits the size of a document, in bytes.
const maxDocument = 4 << 20

// remote is a Store behind an HTTP state API.
type remote struct {
	address string
	client  *http.Client
}

func (r *remote) Get(ctx context.Context, key contracts.Key) ([]byte, string, error) {
	req, err := contracts.GetRequest(ctx, r.address, key, contracts.Strong)
	if err != nil {
		return nil, "", err
	}
	status, header, body, err := r.do(req)
	switch {
	case err != nil:
		return nil, "", err
	case status == http.StatusNoContent, status == http.StatusNotFound:
		return nil, "", nil
	case status != http.StatusOK:
		return nil, "", refused(status, body)
	}
	return body, header.Get("ETag"), nil
}

func (r *remote) Put(ctx context.Context, key contracts.Key, document []byte, version string) error {
	req, err := contracts.SaveRequest(ctx, r.address, contracts.Entry{
		Key: key, Value: json.RawMessage(document), ETag: version,
		Concurrency: contracts.FirstWrite, Consistency: contracts.Strong,
	})
	if err != nil {
		return err
	}
	status, _, body, err := r.do(req)
	switch {
	case err != nil:
		return err
	case status < 300:
		return nil
	case status == http.StatusConflict:
		return ErrConflict
	}
	// When two writers create a document at once, there is no version to
	// conflict with: the slower one gets an error, and can only look whether
	// the document is there.
	if version == "" {
		if _, found, err := r.Get(ctx, key); err == nil && found != "" {
			return ErrConflict
		}
	}
	return refused(status, body)
}

func (r *remote) do(req *http.Request) (status int, header http.Header, body []byte, err error) {
	res, err := r.client.Do(req)
	if err != nil {
		return 0, nil, nil, err
	}
	defer res.Body.Close()
	body, err = io.ReadAll(http.MaxBytesReader(nil, res.Body, maxDocument))
	return res.StatusCode, res.Header, body, err
}

func refused(status int, body []byte) error {
	return fmt.Errorf("the state store responded with %d: %.200q", status, body)
}
