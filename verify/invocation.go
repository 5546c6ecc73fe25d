package verify

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"

	discoveryv1 "k8s.io/api/discovery/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/daprstack/daprstack/config"
	"github.com/daprstack/daprstack/config/rules"
	"github.com/daprstack/daprstack/contracts"
)

// maxStrangers is how many of the callers that an app must refuse are tried.
const maxStrangers = 10

func (v *verifier) invocations() (all []check) {
	for _, a := range v.stack.Apps {
		if a.Sidecar == nil {
			continue
		}
		id := a.Sidecar.AppID
		for _, target := range a.Invokes {
			all = append(all, v.invocation(a, target))
		}
		if strangers := v.strangers(id); len(strangers) > 0 && v.stack.AccessControlled() && a.AppPort() != 0 { // nobody can call an app without one
			all = append(all, check{
				entity: "invocation", rules: []string{"X-01"}, what: id + ": nobody else may invoke it",
				prove: func(ctx context.Context) error { return v.refuses(ctx, a, strangers) },
			})
		}
	}
	return all
}

func (v *verifier) invocation(caller config.App, target string) check {
	id := caller.Sidecar.AppID
	if peer, namespace := rules.SplitTarget(target); namespace != "" {
		return check{
			entity: "invocation", rules: []string{"I-01"}, what: id + " → " + target + ": it has a ready sidecar there",
			prove: func(ctx context.Context) error { return v.runsElsewhere(ctx, peer, namespace) },
		}
	}
	app, _ := v.stack.App(target) // I-01 holds
	if v.stack.AccessControlled() && !v.allows(app, id) {
		return check{
			entity: "invocation", rules: []string{"I-07"}, what: id + " → " + target + ": what its operations do not name is refused",
			prove: func(ctx context.Context) error { return v.refuses(ctx, app, []string{id}) },
		}
	}
	return check{
		entity: "invocation", rules: []string{"I-01", "I-05", "I-06"},
		what:  id + " → " + target + ": headers, query and body arrive, and the response is the target's own",
		prove: func(ctx context.Context) error { return v.invoke(ctx, caller, app) },
	}
}

// allows reports whether a caller may send both requests of [verifier.invoke].
func (v *verifier) allows(target config.App, caller string) bool {
	for _, c := range v.stack.Callers(target.Sidecar.AppID) {
		if c.App != caller || c.Namespace != "" || len(c.Operations) == 0 {
			continue
		}
		for _, method := range []string{http.MethodGet, http.MethodPost} {
			if !slices.ContainsFunc(c.Operations, func(o config.Operation) bool {
				return rules.Operation(o).Covers(method, cmp.Or(target.HealthPath, "/"))
			}) {
				return false
			}
		}
	}
	return true
}

// runsElsewhere proves that an app of another namespace has a ready sidecar, by the
// Service that Dapr makes for it. The app itself is somebody else's and is not called.
func (v *verifier) runsElsewhere(ctx context.Context, appID, namespace string) error {
	slices, err := v.cluster.Kube.DiscoveryV1().EndpointSlices(namespace).List(ctx, metav1.ListOptions{
		LabelSelector: discoveryv1.LabelServiceName + "=" + appID + "-dapr",
	})
	if apierrors.IsForbidden(err) {
		return skipped("the namespace may not be looked into: " + err.Error())
	}
	if err != nil {
		return fmt.Errorf("looking for the sidecar: %w", err)
	}
	for _, slice := range slices.Items {
		for _, endpoint := range slice.Endpoints {
			if endpoint.Conditions.Ready == nil || *endpoint.Conditions.Ready {
				return nil
			}
		}
	}
	return fmt.Errorf("no sidecar with the app-id %s is ready in the namespace %s", appID, namespace)
}

// strangers returns running apps whose invokes do not name the app.
func (v *verifier) strangers(appID string) (ids []string) {
	for _, a := range v.stack.Apps {
		if a.Sidecar == nil || a.Sidecar.AppID == appID || !running(a) || slices.Contains(a.Invokes, appID) {
			continue
		}
		if ids = append(ids, a.Sidecar.AppID); len(ids) == maxStrangers {
			break
		}
	}
	return ids
}

// invoke sends the same requests to the target directly and through both
// sidecars, and compares the responses. It uses the target's health path, the
// only path that the stack file names. Where two direct responses differ,
// nothing is compared.
func (v *verifier) invoke(ctx context.Context, caller, app config.App) error {
	if protocol := app.Protocol(app.AppPort()); protocol != "http" {
		return skipped("the target speaks " + protocol + ": there is no plain answer to compare with")
	}
	pod, err := v.podOf(ctx, app.Sidecar.AppID)
	if err != nil {
		return err
	}
	var problems []error
	for _, method := range []string{http.MethodGet, http.MethodPost} {
		var direct [2]answer
		for i := range direct {
			req, err := invocation(ctx, "http://localhost:"+strconv.Itoa(app.AppPort()), method, app.HealthPath)
			if err != nil {
				return err
			}
			if direct[i], err = v.send(pod, app.AppPort(), req); err != nil {
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

// invokeAs invokes an app's health path through the caller's sidecar.
func (v *verifier) invokeAs(ctx context.Context, caller string, target config.App, method string) (answer, error) {
	url, err := contracts.AppURL(target.Sidecar.AppID)
	if err != nil {
		return answer{}, err
	}
	req, err := invocation(ctx, url, method, cmp.Or(target.HealthPath, "/"))
	if err != nil {
		return answer{}, err
	}
	return v.sidecar(ctx, caller, req)
}

// invocation returns a request with everything that has to arrive.
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

// transportHeaders belong to the connection or the moment, not to the response.
var transportHeaders = []string{"Date", "Connection", "Keep-Alive", "Transfer-Encoding", "Content-Length", "Traceparent", "Tracestate", "Server"}

// differences returns how a response differs from the direct ones, where those
// agree.
func differences(direct [2]answer, through answer) (all []string) {
	if first := direct[0]; first.status == direct[1].status && first.status != through.status {
		return []string{fmt.Sprintf("the target returned %d directly and %d through the sidecars: %s", first.status, through.status, shorten(through.body))}
	}
	for _, name := range sorted(direct[0].header) {
		value := direct[0].header.Get(name)
		if slices.Contains(transportHeaders, name) || value != direct[1].header.Get(name) {
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

// refuses proves that an app refuses callers whose invokes do not name it.
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
