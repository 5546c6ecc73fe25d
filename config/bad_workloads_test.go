package config_test

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/daprstack/daprstack/config"
)

// badWorkloads are mistakes in what stands around the pod of an app. Apps[3] is added
// to those of the dev stack.
var badWorkloads = []badStackFile{
	{"kind that there is not", one("apps[0].kind", "DaemonSet"),
		[]string{`apps[0].kind: "DaemonSet": must be one of Deployment, StatefulSet, Job, CronJob`}},
	{"replicas beside an autoscaler", []edit{{"apps[0].replicas", 1}, {"apps[0].autoscale", object{"max": 3}}},
		[]string{`apps[0].replicas: 1 [W-01]: must not be given together with autoscale: the autoscaler sets it`}},
	{"autoscaler without a greatest number", []edit{{"apps[0].replicas", nil}, {"apps[0].autoscale", object{"min": 2}}},
		[]string{`apps[0].autoscale.max: [W-01]: is required: the greatest number of pods`}},
	{"autoscaler with everything wrong", []edit{{"apps[0].replicas", nil}, {"apps[0].autoscale", object{"min": 0, "max": 0, "cpu": 0, "memory": -1,
		"behavior": object{"scaleUp": object{"stabilizationWindow": "2h", "selectPolicy": "Mean", "policies": []any{object{"type": "Pod", "value": 0, "period": "1500ms"}, object{"value": 1}}}}}}},
		[]string{
			`apps[0].autoscale.behavior.scaleUp.policies[0].period: "1.5s": must be whole seconds`,
			`apps[0].autoscale.behavior.scaleUp.policies[0].type: "Pod": must be one of Pods, Percent`,
			`apps[0].autoscale.behavior.scaleUp.policies[0].value: 0: must be 1 or more, of 32 bits`,
			`apps[0].autoscale.behavior.scaleUp.policies[1].period: is required`,
			`apps[0].autoscale.behavior.scaleUp.policies[1].type: is required: one of Pods, Percent`,
			`apps[0].autoscale.behavior.scaleUp.selectPolicy: "Mean": must be one of Max, Min, Disabled`,
			`apps[0].autoscale.behavior.scaleUp.stabilizationWindow: "2h0m0s": must be at least 0s and at most 1h0m0s`,
			`apps[0].autoscale.cpu: 0: must be 1 or more, of 32 bits`,
			`apps[0].autoscale.max: 0 [W-01]: must be 1 or more, and no less than min`,
			`apps[0].autoscale.memory: -1: must be 1 or more, of 32 bits`,
			`apps[0].autoscale.min: 0: must be 1 or more, of 32 bits`,
		}},
	{"autoscaler of somebody else with aims", []edit{{"apps[0].replicas", nil}, {"apps[0].autoscale", object{"external": true, "cpu": 50}}},
		[]string{`apps[0].autoscale.cpu: [W-01]: must not be given with external: the stack makes no autoscaler then`}},
	{"lag of an event that the app does not take", []edit{{"apps[0].replicas", nil}, {"apps[0].autoscale", object{"max": 3, "events": []any{object{"type": "task.created", "lag": -1}}}}},
		[]string{`apps[0].autoscale.events[0].lag: -1: must be 1 or more, of 32 bits`,
			`apps[0].autoscale.events[0].type: "task.created" [X-01]: must be an event that the app subscribes to`}},
	{"budget that keeps every pod", []edit{{"apps[0].disruption", object{"minAvailable": "100%"}}, {"apps[1].disruption", object{"maxUnavailable": 0}}, {"apps[2].disruption", object{"minAvailable": 1}}},
		[]string{
			`apps[0].disruption.minAvailable: "100%" [W-02]: must be less than the number of pods: the nodes of the app could never be drained; enabled: false makes no budget`,
			`apps[1].disruption.maxUnavailable: "0" [W-02]: must be more than 0: the nodes of the app could never be drained; enabled: false makes no budget`,
			`apps[2].disruption.minAvailable: "1" [W-02]: must be less than the number of pods: the nodes of the app could never be drained; enabled: false makes no budget`,
		}},
	{"budget of two kinds", []edit{{"apps[0].replicas", 5}, {"apps[0].disruption", object{"minAvailable": "half", "maxUnavailable": 1}}},
		[]string{`apps[0].disruption.minAvailable: "half" [W-02]: must be a number or a percentage such as "25%"`,
			`apps[0].disruption.minAvailable: "half" [W-02]: must not be given together with maxUnavailable`}},
	{"claims of a Deployment", []edit{{"apps[0].volumeClaims", []any{object{"name": "data", "path": "/data"}}}, {"apps[0].podManagementPolicy", "Parallel"}},
		[]string{`apps[0].podManagementPolicy: [W-03]: must not be given without kind: StatefulSet`,
			`apps[0].volumeClaims: [W-03]: must not be given without kind: StatefulSet`}},
	{"bad claims", []edit{{"apps[0].kind", "StatefulSet"}, {"apps[0].podManagementPolicy", "Any"}, {"apps[0].volumeClaims", []any{
		object{"name": "data", "path": "/data"}, object{"name": "data", "path": "/data", "storage": "big", "accessModes": []any{"Read"}}, object{"name": "writable-0", "path": "tmp"}}}},
		[]string{
			`apps[0].podManagementPolicy: "Any": must be one of OrderedReady, Parallel`,
			`apps[0].volumeClaims[1].accessModes[0]: "Read": must be one of ReadWriteOnce, ReadWriteOncePod, ReadWriteMany, ReadOnlyMany`,
			`apps[0].volumeClaims[1].name: "data": must be unique among the volumes of the app`,
			`apps[0].volumeClaims[1].path: "/data": must be unique in the app`,
			`apps[0].volumeClaims[1].storage: "big": must be a positive Kubernetes quantity such as 500m or 1Gi`,
			`apps[0].volumeClaims[2].name: "writable-0": must not be named as volumes of the stack and of Dapr are, writable-… and dapr-…`,
			`apps[0].volumeClaims[2].path: "tmp": must be an absolute directory, without a colon`,
		}},
	{"job keys of a Deployment", []edit{{"apps[0].schedule", "0 2 * * *"}, {"apps[0].job", object{"backoffLimit": 1}}, {"apps[0].cronJob", object{}}},
		[]string{`apps[0].cronJob: [W-04]: must not be given without kind: CronJob`,
			`apps[0].job: [W-04]: must not be given without kind: Job or CronJob`,
			`apps[0].schedule: [W-04]: must not be given without kind: CronJob`}},
	{"CronJob without a schedule", one("apps[3]", object{"name": "nightly", "kind": "CronJob", "image": "i"}),
		[]string{`apps[3].schedule: [W-04]: is required for a CronJob, such as "0 2 * * *"`}},
	{"CronJob with everything wrong", one("apps[3]", object{
		"name": "nightly", "kind": "CronJob", "image": "i", "schedule": "0 25 * * *", "replicas": 2, "autoscale": object{"max": 2}, "disruption": object{},
		"service": object{"type": "ClusterIP"}, "ingress": object{},
		"cronJob": object{"timeZone": "Local", "concurrencyPolicy": "Queue", "startingDeadline": "5s", "failedJobs": -1},
		"job":     object{"wait": true, "parallelism": 0, "restartPolicy": "Always", "ttl": "100ms"},
	}),
		[]string{
			`apps[3].autoscale: [W-04]: must not be given for a CronJob, whose pods run to their end`,
			`apps[3].cronJob.concurrencyPolicy: "Queue": must be one of Allow, Forbid, Replace`,
			`apps[3].cronJob.failedJobs: -1: must be 0 or more, of 32 bits`,
			`apps[3].cronJob.startingDeadline: "5s": must be at least 10s`,
			`apps[3].cronJob.timeZone: "Local" [W-04]: must be the name of a time zone, such as Europe/Berlin or Etc/UTC`,
			`apps[3].disruption: [W-04]: must not be given for a CronJob, whose pods run to their end`,
			`apps[3].ingress: [W-04]: must not be given for a CronJob, whose pods run to their end`,
			`apps[3].job.parallelism: 0: must be 1 or more, of 32 bits`,
			`apps[3].job.restartPolicy: "Always": must be one of Never, OnFailure`,
			`apps[3].job.ttl: "100ms": must be whole seconds`,
			`apps[3].job.wait: true [W-04]: must not be given for a CronJob, whose Jobs run later`,
			`apps[3].replicas: [W-04]: must not be given for a CronJob, whose pods run to their end`,
			`apps[3].schedule: "0 25 * * *" [W-04]: must be a schedule of five fields, such as "0 2 * * *", or @daily and its like: end of range (25) above maximum (23): 25`,
			`apps[3].service: [W-04]: must not be given for a CronJob, whose pods run to their end`,
		}},
	{"schedule with a time zone", one("apps[3]", object{"name": "nightly", "kind": "CronJob", "image": "i", "schedule": "CRON_TZ=UTC 0 2 * * *"}),
		[]string{`apps[3].schedule: "CRON_TZ=UTC 0 2 * * *" [W-04]: must not contain a time zone: that is cronJob.timeZone`}},
	{"a Job that others call", one("apps[1].kind", "Job"),
		[]string{`apps[0].invokes[0]: "backend-app" [W-04]: must be an app that runs on: the pods of a Job end by themselves`}},
	{"Service with keys of another type", one("apps[0].service", object{"loadBalancerClass": "internal", "loadBalancerSourceRanges": []any{"10.0.0.0"}, "externalTrafficPolicy": "Some",
		"ports": []any{object{"name": "web", "port": 80, "nodePort": 30080}}, "annotations": object{"pulumi.com/skipAwait": "false", "a b": ""}}),
		[]string{
			`apps[0].service.annotations["a b"]: must be named as annotations are: example.com/name`,
			`apps[0].service.annotations["pulumi.com/skipAwait"]: must not be given: the stack sets those of pulumi.com and of daprstack.io`,
			`apps[0].service.externalTrafficPolicy: "Some": must be one of Cluster, Local`,
			`apps[0].service.externalTrafficPolicy: [W-05]: must not be given without type: LoadBalancer or NodePort`,
			`apps[0].service.loadBalancerClass: [W-05]: must not be given without type: LoadBalancer`,
			`apps[0].service.loadBalancerSourceRanges: [W-05]: must not be given without type: LoadBalancer`,
			`apps[0].service.loadBalancerSourceRanges[0]: "10.0.0.0": must be a network such as 10.0.0.0/8`,
			`apps[0].service.ports[0].nodePort: 30080 [W-05]: must not be given without type: LoadBalancer or NodePort`,
			`apps[0].service.ports[0].targetPort: "web" [W-05]: must be the name or the number of a port of the app`,
		}},
	{"bad ports of a Service", one("apps[0].service", object{"type": "Headless", "ports": []any{
		object{"name": "http", "port": 80}, object{"name": "http", "port": 80, "targetPort": 1}, object{"name": "A_", "port": 0, "targetPort": "http", "appProtocol": "h 2"}}}),
		[]string{
			`apps[0].service.ports[0].port: 80 [W-05]: must be that of the container, 3000: a headless Service is the pods themselves`,
			`apps[0].service.ports[1].name: "http": must be unique in the Service`,
			`apps[0].service.ports[1].port: 80: must be unique in the Service`,
			`apps[0].service.ports[1].targetPort: 1 [W-05]: must be a port of the app`,
			`apps[0].service.ports[2].appProtocol: "h 2": must be a name such as http or kubernetes.io/h2c`,
			`apps[0].service.ports[2].name: "A_": must be lower-case letters, at least one, digits and single hyphens, at most 15 characters`,
			`apps[0].service.ports[2].port: 0: must be between 1 and 65535`,
			`apps[0].service.ports[2].port: 0 [W-05]: must be that of the container, 3000: a headless Service is the pods themselves`,
		}},
	{"no Service for an app that others call", []edit{{"apps[1].service", object{"type": "None"}}, {"dapr.enabled", false}},
		[]string{`apps[0].invokes[0]: "backend-app" [W-05]: must be an app that has a Service: it is called without a sidecar here`}},
	{"Ingress with everything wrong", []edit{{"apps[0].ingress", object{"className": "N", "hosts": []any{"a_b", "10.0.0.1", "*.a.example"}, "paths": []any{"x"}, "pathType": "Any", "port": "web", "tlsSecret": "S"}}},
		[]string{
			`apps[0].ingress.className: "N": must be a DNS-1123 name`,
			`apps[0].ingress.hosts[0]: "a_b": must be the name of a host, such as shop.example.com or *.example.com`,
			`apps[0].ingress.hosts[1]: "10.0.0.1": must be the name of a host, such as shop.example.com or *.example.com`,
			`apps[0].ingress.pathType: "Any": must be one of Prefix, Exact, ImplementationSpecific`,
			`apps[0].ingress.paths[0]: "x": must begin with /`,
			`apps[0].ingress.port: "web" [W-06]: must be the name of a port of the app's Service`,
			`apps[0].ingress.tlsSecret: "S": must be a DNS-1123 name`,
		}},
	{"route with everything wrong", one("apps[0].httpRoute", object{"hostnames": []any{"-"}, "port": "web",
		"parentRefs": []any{object{"name": "G", "namespace": "N", "sectionName": "S", "port": 70000}},
		"matches":    []any{object{"path": "x", "pathType": "Any", "method": "get", "headers": object{"a b": "c"}}}}),
		[]string{
			`apps[0].httpRoute.hostnames[0]: "-": must be the name of a host, such as shop.example.com or *.example.com`,
			`apps[0].httpRoute.matches[0].headers["a b"]: must be named as headers of HTTP are`,
			`apps[0].httpRoute.matches[0].method: "get": must be one of GET, HEAD, POST, PUT, DELETE, CONNECT, OPTIONS, TRACE, PATCH`,
			`apps[0].httpRoute.matches[0].path: "x": must begin with /`,
			`apps[0].httpRoute.matches[0].pathType: "Any": must be one of PathPrefix, Exact, RegularExpression`,
			`apps[0].httpRoute.parentRefs[0].name: "G": must be a DNS-1123 name`,
			`apps[0].httpRoute.parentRefs[0].namespace: "N": must be a DNS-1123 label, at most 63 characters`,
			`apps[0].httpRoute.parentRefs[0].port: 70000: must be between 1 and 65535`,
			`apps[0].httpRoute.parentRefs[0].sectionName: "S": must be a DNS-1123 name`,
			`apps[0].httpRoute.port: "web" [W-06]: must be the name of a port of the app's Service`,
		}},
	{"reachable without a Service", []edit{{"apps[0].service", object{"type": "None"}}, {"apps[0].ingress", object{}}, {"apps[0].httpRoute", object{"parentRefs": []any{}}}},
		[]string{`apps[0].httpRoute: [W-06]: must not be given for an app without a Service`,
			`apps[0].httpRoute.parentRefs: [W-06]: is required: the Gateways through which the app is reached`,
			`apps[0].ingress: [W-06]: must not be given for an app without a Service`}},
	{"objects twice, and none", one("objects", []any{"a", "a", ""}),
		[]string{`objects[1]: "a": must be named once`, `objects[2]: must be a manifest or a folder with manifests`}},
	{"objects of a platform", []edit{{"objects", []any{"a"}}, {"apps", []any{}}, {"stateStores", nil}, {"pubSubs", nil}, {"events", nil}},
		[]string{`objects: [W-07]: must not be given in a stack without apps, which has no namespace`}},
}

// TestReplicasLeftToOthers: null is not the absence of the key (pulumi-kubernetes#2491).
func TestReplicasLeftToOthers(t *testing.T) {
	app := func(edits ...edit) config.App {
		stack, err := config.Load(apply(t, read(t, "dev"), edits))
		require.NoError(t, err)
		return stack.Apps[0]
	}
	null := json.RawMessage("null")
	given := app()
	require.Equal(t, 1, *given.Replicas)
	require.Nil(t, given.Autoscale)

	left := app(edit{"apps[0].replicas", null})
	require.Nil(t, left.Replicas)
	require.Equal(t, &config.Autoscale{External: true}, left.Autoscale)
	least, fixed := left.Pods()
	require.Zero(t, least)
	require.False(t, fixed)
	require.Nil(t, left.Budget(), "nobody knows that there is more than one pod")

	overlaid := app(edit{"overlay.apps.frontend.replicas", null})
	require.True(t, overlaid.Autoscale.External, "in one environment alone")
	require.Nil(t, overlaid.Replicas)
	back := app(edit{"apps[0].replicas", null}, edit{"overlay.apps.frontend.replicas", 3})
	require.Nil(t, back.Autoscale)
	require.Equal(t, 3, *back.Replicas)

	scaled := app(edit{"overlay.apps.frontend.autoscale", object{"min": 2, "max": 5}})
	require.Nil(t, scaled.Replicas, "it stands instead of the replicas of the base")
	require.Equal(t, 80, *scaled.Autoscale.CPU)
	require.Equal(t, &config.Disruption{MaxUnavailable: "1"}, scaled.Budget())
	require.Nil(t, app(edit{"overlay.apps.frontend", object{"replicas": 3, "disruption": object{"enabled": false}}}).Budget())
}

// TestJobsHaveNativeSidecars: with a Dapr that has none, a warning says what to do.
func TestJobsHaveNativeSidecars(t *testing.T) {
	job := edit{"apps[3]", object{"name": "nightly", "kind": "Job", "image": "i", "sidecar": object{"appId": "nightly-app"}}}
	load := func(edits ...edit) *config.Stack {
		stack, err := config.Load(apply(t, read(t, "dev"), append([]edit{job}, edits...)))
		require.NoError(t, err)
		return stack
	}
	native := load()
	require.Equal(t, true, native.Apps[3].Sidecar.Options["nativeSidecar"])
	require.Zero(t, native.Apps[3].AppPort())
	require.False(t, native.Apps[0].Sidecar.Options.On("nativeSidecar"))
	warned := func(s *config.Stack) (found []string) {
		for _, w := range config.Warnings(s) {
			if w.Rule == "W-04" {
				found = append(found, w.Path)
			}
		}
		return found
	}
	require.Empty(t, warned(native))
	for _, e := range []edit{{"dapr.version", "1.17.5"}, {"apps[3].sidecar.nativeSidecar", false}} {
		require.Equal(t, []string{"apps[3].sidecar.nativeSidecar"}, warned(load(e)))
	}
}
