package contracts

import (
	"context"
	"fmt"
	"io"
	"net/http"

	"github.com/daprstack/daprstack/config/rules"
)

// InvokeRequest builds the request that calls method and path on the app whose
// base address is appURL, such as BACKEND_URL (I-02, I-03). Set headers and
// query on the returned request; Dapr passes them on (I-06).
func InvokeRequest(ctx context.Context, appURL, method, path string, body io.Reader) (*http.Request, error) {
	ps := CheckURL(appURL)
	ps.add("method", method, rules.Method(method))
	ps.add("path", path, rules.InvokePath(path))
	if err := ps.err("building an invocation"); err != nil {
		return nil, err
	}
	req, err := http.NewRequestWithContext(ctx, method, appURL+path, body)
	if err != nil {
		return nil, fmt.Errorf("building an invocation: %w", err)
	}
	return req, nil
}
