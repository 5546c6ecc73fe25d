package graphtest

// rendered returns a stand-in for the objects of Dapr's chart: one of each kind
// that a program treats differently, with the fields that matter to it. The
// end-to-end tests cover the real chart.
func rendered(options map[string]any) []any {
	namespace, _ := options["namespace"].(string)
	values, _ := options["values"].(map[string]any)
	global, _ := values["global"].(map[string]any)
	version, _ := global["tag"].(string)
	scheduler, _ := values["dapr_scheduler"].(map[string]any)

	object := func(apiVersion, kind, name string, fields map[string]any) map[string]any {
		meta := map[string]any{"name": name}
		switch kind {
		case "CustomResourceDefinition", "ClusterRole", "MutatingWebhookConfiguration":
		default:
			meta["namespace"] = namespace
		}
		o := map[string]any{"apiVersion": apiVersion, "kind": kind, "metadata": meta}
		for key, value := range fields {
			o[key] = value
		}
		return o
	}
	crd := func(name string, spec map[string]any) map[string]any {
		return object("apiextensions.k8s.io/v1", "CustomResourceDefinition", name, map[string]any{"spec": spec})
	}
	service := func(kind, name string, env ...any) map[string]any {
		container := map[string]any{"name": name, "env": env}
		return object("apps/v1", kind, name, map[string]any{"spec": map[string]any{
			"template": map[string]any{"spec": map[string]any{"containers": []any{container}}},
		}})
	}
	return []any{
		object("v1", "ServiceAccount", "dapr-operator", nil),
		object("v1", "Secret", "dapr-trust-bundle", nil),
		object("v1", "ConfigMap", "dapr-trust-bundle", nil),
		crd("configurations.dapr.io", map[string]any{"group": "dapr.io"}),
		crd("subscriptions.dapr.io", map[string]any{"group": "dapr.io", "conversion": map[string]any{
			"webhook": map[string]any{"clientConfig": map[string]any{
				"service": map[string]any{"namespace": "replaceme", "name": "dapr-webhook"},
			}},
		}}),
		object("rbac.authorization.k8s.io/v1", "ClusterRole", "dapr-placement", map[string]any{"rules": []any{}}),
		object("v1", "Service", "dapr-sentry", nil),
		service("Deployment", "dapr-operator"),
		service("Deployment", "dapr-sentry"),
		service("Deployment", "dapr-sidecar-injector", map[string]any{"name": "SIDECAR_IMAGE", "value": "daprd:" + version}),
		service("StatefulSet", "dapr-scheduler-server", map[string]any{"name": "PASSWORD", "value": scheduler["etcdClientPassword"]}),
		object("admissionregistration.k8s.io/v1", "MutatingWebhookConfiguration", "dapr-sidecar-injector", nil),
	}
}
