package stacks

import (
	"fmt"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/daprstack/daprstack/config"
)

// export sets the outputs of the stack, for people and for tools:
//
//	context     the kubeconfig context of the cluster
//	namespace   of the applications
//	apps        of each app: its app-id, its address in the cluster, and the
//	            command that opens it on this machine
//	page        that command for the first app of the stack file
//	components  the names of the state stores and of the pub/subs
//	dapr        whether there is Dapr, its version and its namespace
func (s *stack) export() {
	apps := pulumi.Map{}
	for _, a := range s.Apps {
		one := pulumi.Map{
			"url":  pulumi.String(s.ServiceURL(a)),
			"open": pulumi.String(s.open(a)),
		}
		if a.Sidecar != nil && *s.Dapr.Enabled {
			one["appId"] = pulumi.String(a.Sidecar.AppID)
		}
		apps[a.Name] = one
	}
	var stores, pubSubs []string
	if *s.Dapr.Enabled {
		for _, store := range s.StateStores {
			stores = append(stores, store.Name)
		}
		for _, p := range s.PubSubs {
			pubSubs = append(pubSubs, p.Name)
		}
	}
	plane := pulumi.Map{"enabled": pulumi.Bool(*s.Dapr.Enabled)}
	if *s.Dapr.Enabled {
		plane["version"] = pulumi.String(s.Dapr.Version)
		plane["namespace"] = pulumi.String(s.Dapr.Namespace)
	}
	s.ctx.Export("context", pulumi.String(s.Context))
	s.ctx.Export("namespace", pulumi.String(s.Namespace))
	s.ctx.Export("apps", apps)
	s.ctx.Export("page", pulumi.String(s.open(s.Apps[0])))
	s.ctx.Export("components", pulumi.Map{
		"stateStores": pulumi.ToStringArray(stores), "pubSubs": pulumi.ToStringArray(pubSubs),
	})
	s.ctx.Export("dapr", plane)
}

// open is the command that makes an app reachable on http://localhost:<port>.
func (s *stack) open(a config.App) string {
	return fmt.Sprintf("kubectl --context %s -n %s port-forward svc/%s %d:%d",
		s.Context, s.Namespace, a.Name, a.Port, a.Port)
}
