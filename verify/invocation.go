package verify

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/daprstack/daprstack/config"
	"github.com/daprstack/daprstack/contracts"
)

// mostStrangers is how many callers are tried that an app has to refuse.
const mostStrangers = 10

func (v *verifier) invocations() (all []check) {
	for _, a := range v.stack.Apps {
		if a.Sidecar == nil {
			continue
		}
		id := a.Sidecar.AppID
		for _, target := range a.Invokes {
			all = append(all, check{
				entity: "invocation", rules: []string{"I-01", "I-05", "I-06"},
				what:  id + " → " + target + ": headers, query and body arrive, and the response is the target's own",
				prove: func(ctx context.Context) error { return v.invoke(ctx, a, target) },
			})
		}
		if strangers := v.strangers(id); len(strangers) > 0 && v.stack.AccessControlled() {
			all = append(all, check{
				entity: "invocation", rules: []string{"X-01"}, what: id + ": nobody else may invoke it",
				prove: func(ctx context.Context) error { return v.refuses(ctx, a, strangers) },
			})
		}
	}
	return all
}

// strangers are other apps whose invokes don't name an app.
func (v *verifier) strangers(appID string) (ids []string) {
	for _, a := range v.stack.Apps {
		if a.Sidecar == nil || a.Sidecar.AppID == appID || *a.Replicas == 0 || slices.Contains(a.Invokes, appID) {
			continue
		}
		if ids = append(ids, a.Sidecar.AppID); len(ids) == mostStrangers {
			break
		}
	}
	return ids
}

// invoke sends the same requests to the target directly and through both
// sidecars, and compares the answers. They go to its health path, the one path of
// it that the stack file names. What the target answers differently to two equal
// requests is not compared.
func (v *verifier) invoke(ctx context.Context, caller config.App, target string) error {
	app, _ := v.stack.App(target) // I-01 holds
	pod, err := v.of(ctx, target)
	if err != nil {
		return err
	}
	var problems []error
	for _, method := range []string{http.MethodGet, http.MethodPost} {
		var direct [2]answer
		for i := range direct {
			req, err := invocation(ctx, "http://localhost:"+strconv.Itoa(*app.Sidecar.AppPort), method, app.HealthPath)
			if err != nil {
				return err
			}
			if direct[i], err = v.send(pod, *app.Sidecar.AppPort, req); err != nil {
				return err
			}
		}
		through, err := v.invokeAs(ctx, caller.Sidecar.AppID, app, method)
		if err != nil {
			return err
		}
		for _, difference := range differences(direct, through) {
			problems = append(problems, fmt.Errorf("%s %s: %s", method, app.HealthPath, difference))
		}
	}
	return errors.Join(problems...)
}

// invokeAs lets an app invoke another's health path.
func (v *verifier) invokeAs(ctx context.Context, caller string, target config.App, method string) (answer, error) {
	url, err := contracts.AppURL(target.Sidecar.AppID)
	if err != nil {
		return answer{}, err
	}
	req, err := invocation(ctx, url, method, target.HealthPath)
	if err != nil {
		return answer{}, err
	}
	return v.sidecar(ctx, caller, req)
}

// invocation is a request with everything that has to arrive.
func invocation(ctx context.Context, url, method, path string) (*http.Request, error) {
	var body io.Reader
	if method == http.MethodPost {
		body = bytes.NewReader([]byte(`{"daprstack":"verify","text":"ä \u0000 %2F"}`))
	}
	req, err := contracts.InvokeRequest(ctx, url, method, path, body)
	if err != nil {
		return nil, err
	}
	query := req.URL.Query()
	query.Add("daprstack-verify", "a b&c=ä/")
	req.URL.RawQuery = query.Encode()
	req.Header.Set("Authorization", "Bearer daprstack-verify")
	req.Header.Set("X-Daprstack-Verify", "1")
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	return req, nil
}

// onTheWay are headers of a connection or of a moment, not of the answer.
var onTheWay = []string{"Date", "Connection", "Keep-Alive", "Transfer-Encoding", "Content-Length", "Traceparent", "Tracestate", "Server"}

// differences says in what an answer differs from the direct ones, where these
// agree.
func differences(direct [2]answer, through answer) (all []string) {
	if first := direct[0]; first.status == direct[1].status && first.status != through.status {
		return []string{fmt.Sprintf("the target returned %d directly and %d through the sidecars: %s", first.status, through.status, shorten(through.body))}
	}
	for _, name := range sorted(direct[0].header) {
		value := direct[0].header.Get(name)
		if slices.Contains(onTheWay, name) || value != direct[1].header.Get(name) {
			continue
		}
		if got := through.header.Get(name); !strings.EqualFold(got, value) {
			all = append(all, fmt.Sprintf("the header %s is %q directly and %q through the sidecars", name, value, got))
		}
	}
	if bytes.Equal(direct[0].body, direct[1].body) && !bytes.Equal(direct[0].body, through.body) {
		all = append(all, fmt.Sprintf("the target returned %s directly and %s through the sidecars", shorten(direct[0].body), shorten(through.body)))
	}
	return all
}

// refuses proves that an app can't be invoked by those who don't say that they do.
func (v *verifier) refuses(ctx context.Context, target config.App, callers []string) error {
	var problems []error
	for _, caller := range callers {
		got, err := v.invokeAs(ctx, caller, target, http.MethodGet)
		if err == nil && got.status != http.StatusForbidden {
			err = fmt.Errorf("%s invoked it and got %d, not 403", caller, got.status)
		}
		problems = append(problems, err)
	}
	return errors.Join(problems...)
}
