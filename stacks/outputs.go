package stacks

import (
	"fmt"
	"slices"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/daprstack/daprstack/config"
)

// outputs returns the outputs of the stack, for people and for tools:
//
//	context     the kubeconfig context of the cluster
//	namespace   of the applications
//	apps        of each app: its app-id, its address in the cluster, the command that
//	            opens it on this machine, and its addresses from outside the cluster
//	page        that command for the first app of the stack file that has a Service
//	components  the names of the state stores and of the pub/subs
//	dapr        whether there is Dapr and whether the stack installs it, its version
//	            and its namespace, as far as the stack file says
//
// A stack without applications has neither namespace nor page. Apps without a Service
// have no address.
func outputs(cfg *config.Stack) pulumi.Map {
	apps := pulumi.Map{}
	for _, a := range cfg.Apps {
		one := pulumi.Map{}
		if a.HasService() {
			one["url"], one["open"] = pulumi.String(cfg.ServiceURL(a)), pulumi.String(open(cfg, a))
		}
		if urls := a.URLs(); len(urls) > 0 {
			one["urls"] = pulumi.ToStringArray(urls)
		}
		if a.Sidecar != nil && *cfg.Dapr.Enabled {
			one["appId"] = pulumi.String(a.Sidecar.AppID)
		}
		apps[a.Name] = one
	}
	var stores, pubSubs []string
	if *cfg.Dapr.Enabled {
		for _, store := range cfg.StateStores {
			stores = append(stores, store.Name)
		}
		for _, p := range cfg.PubSubs {
			pubSubs = append(pubSubs, p.Name)
		}
	}
	plane := pulumi.Map{"enabled": pulumi.Bool(*cfg.Dapr.Enabled)}
	if *cfg.Dapr.Enabled {
		plane["install"] = pulumi.Bool(*cfg.Dapr.Install)
		plane["version"] = pulumi.String(cfg.Dapr.Version)
		if cfg.Dapr.Namespace != "" {
			plane["namespace"] = pulumi.String(cfg.Dapr.Namespace)
		}
	}
	all := pulumi.Map{
		"context": pulumi.String(cfg.Context), "apps": apps, "dapr": plane,
		"components": pulumi.Map{"stateStores": pulumi.ToStringArray(stores), "pubSubs": pulumi.ToStringArray(pubSubs)},
	}
	if !cfg.IsPlatform() {
		all["namespace"] = pulumi.String(cfg.Namespace)
		if i := slices.IndexFunc(cfg.Apps, config.App.HasService); i >= 0 {
			all["page"] = pulumi.String(open(cfg, cfg.Apps[i]))
		}
	}
	return all
}

// open returns the command that makes an app reachable on http://localhost:<port>.
func open(cfg *config.Stack, a config.App) string {
	return fmt.Sprintf("kubectl --context %s -n %s port-forward svc/%s %d:%d",
		cfg.Context, cfg.Namespace, a.Name, a.Port, a.ServicePort())
}
