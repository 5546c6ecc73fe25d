package contracts

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"unicode"

	"github.com/daprstack/daprstack/config/rules"
)

// InvokeRequest builds the request that calls method and path at the app whose
// base address is appURL, such as BACKEND_URL (I-02, I-03). Headers and query
// are the caller's to set on it; Dapr passes them on (I-06).
func InvokeRequest(ctx context.Context, appURL, method, path string, body io.Reader) (*http.Request, error) {
	ps := CheckURL(appURL)
	ps.add("method", method, checkMethod(method))
	ps.add("path", path, checkPath(path))
	if err := ps.err("building an invocation"); err != nil {
		return nil, err
	}
	req, err := http.NewRequestWithContext(ctx, method, appURL+path, body)
	if err != nil {
		return nil, fmt.Errorf("building an invocation: %w", err)
	}
	return req, nil
}

// checkTarget is the part of rule I-01 that can be seen without a cluster: what
// is no app-id has no sidecar.
func checkTarget(appID string) []rules.Reason {
	if rules.AppID(appID) == nil {
		return nil
	}
	return broken("I-01", "must be the app-id of an app with a sidecar, such as backend-app")
}

// checkMethod is rule I-03. Methods are case-sensitive.
func checkMethod(method string) []rules.Reason {
	standard := []string{"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT"}
	if slices.Contains(standard, method) {
		return nil
	}
	return broken("I-03", "must be one of %s", strings.Join(standard, ", "))
}

// checkPath is rule I-02: a path that is valid, that stays below the app's
// address, and that arrives as it was sent. Dapr decodes a path, resolves its
// dots and doubled slashes, cuts a slash from its end, and does not encode it
// again.
func checkPath(path string) []rules.Reason {
	if !strings.HasPrefix(path, "/") {
		return broken("I-02", "must start with /")
	}
	if strings.ContainsAny(path, "?#") {
		return broken("I-02", "must be a path alone; set the query on the request")
	}
	if !uriText.MatchString(path) || strings.ContainsAny(path, "[]") {
		return broken("I-02", "must be a valid URI path: escape what is not allowed in one")
	}
	if path == "/" {
		return nil
	}
	for segment := range strings.SplitSeq(path[1:], "/") {
		decoded, err := url.PathUnescape(segment)
		if err != nil || decoded == "" || decoded == "." || decoded == ".." ||
			strings.ContainsAny(decoded, "/?#%") || strings.ContainsFunc(decoded, unicode.IsControl) {
			return broken("I-02", "must be a path that arrives unchanged: no empty or dot segments, no slash at the end, "+
				"no escaped / ? # %% or control characters")
		}
	}
	return nil
}
