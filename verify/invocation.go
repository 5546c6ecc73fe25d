package verify

import (
	"context"
	"fmt"
	"net/http"

	"github.com/daprstack/daprstack/config"
	"github.com/daprstack/daprstack/contracts"
)

func (v *verifier) invocations() (all []check) {
	for _, a := range v.stack.Apps {
		if a.Sidecar == nil {
			continue
		}
		for _, target := range a.Invokes {
			all = append(all, check{
				entity: "invocation", rules: []string{"I-01", "I-05", "I-06"},
				what:  a.Sidecar.AppID + " → " + target + ": the answer through both sidecars is the target's own",
				prove: func(ctx context.Context) error { return v.invoke(ctx, a, target) },
			})
		}
	}
	return all
}

// invoke calls the target's health path, the one path of it that the stack file
// names, through the sidecars and directly.
func (v *verifier) invoke(ctx context.Context, caller config.App, target string) error {
	app, _ := v.stack.App(target) // I-01 holds
	pod, err := v.of(ctx, target)
	if err != nil {
		return err
	}
	direct, err := v.get(ctx, pod, *app.Sidecar.AppPort, app.HealthPath)
	if err != nil {
		return err
	}
	url, err := contracts.AppURL(target)
	if err != nil {
		return err
	}
	req, err := contracts.InvokeRequest(ctx, url, http.MethodGet, app.HealthPath, nil)
	if err != nil {
		return err
	}
	through, err := v.sidecar(ctx, caller.Sidecar.AppID, req)
	if err == nil && through.status != direct.status {
		err = fmt.Errorf("%s answers %d, and %d through the sidecars: %s", app.HealthPath, direct.status, through.status, shorten(through.body))
	}
	return err
}
