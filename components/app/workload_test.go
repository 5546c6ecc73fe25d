package app

import (
	"slices"
	"testing"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/require"

	"github.com/daprstack/daprstack/components/dapr"
	"github.com/daprstack/daprstack/components/kube"
	"github.com/daprstack/daprstack/components/secrets"
	"github.com/daprstack/daprstack/internal/graphtest"
)

// made returns what an app with these arguments registers.
func made(t *testing.T, args *Args) *graphtest.Graph {
	t.Helper()
	g, err := graphtest.Run(t, func(ctx *pulumi.Context) error {
		_, err := New(ctx, "web", args)
		return err
	})
	require.NoError(t, err)
	return g
}

// TestReplicasLeftToOthers: a Deployment without a number, of which no change is ever
// applied, whoever sets it (pulumi-kubernetes#2491).
func TestReplicasLeftToOthers(t *testing.T) {
	for name, auto := range map[string]*Autoscale{"of the stack": {Min: 2, Max: 5, CPU: new(70)}, "of somebody else": {External: true}} {
		args := good()
		args.Autoscale = auto
		g := made(t, args)
		pods := g.Get(t, "Deployment", "web-deployment")
		require.NotContains(t, pods.Input("spec"), "replicas", name)
		require.Equal(t, []string{"spec.replicas"}, pods.IgnoreChanges, name)
		require.Len(t, g.All("HorizontalPodAutoscaler"), map[bool]int{true: 0, false: 1}[auto.External], name)
		require.Empty(t, g.All("PodDisruptionBudget"), "the caller says how many there are at least")
	}
	require.Empty(t, made(t, good()).Get(t, "Deployment", "web-deployment").IgnoreChanges, "a number is applied")
}

func TestAutoscaler(t *testing.T) {
	args := good()
	args.Kind = StatefulSet
	args.Autoscale = &Autoscale{Min: 2, Max: 5, CPU: new(70), Memory: new(80), Behavior: Behavior{
		Up:   &ScaleRules{SelectPolicy: "Min"},
		Down: &ScaleRules{StabilizationWindow: new(time.Minute), Policies: []ScalePolicy{{Type: "Pods", Value: 1, Period: 30 * time.Second}}},
	}}
	require.Equal(t, map[string]any{
		"scaleTargetRef": map[string]any{"apiVersion": "apps/v1", "kind": "StatefulSet", "name": "web"},
		"minReplicas":    2.0, "maxReplicas": 5.0,
		"metrics": []any{
			map[string]any{"type": "Resource", "resource": map[string]any{"name": "cpu", "target": map[string]any{"type": "Utilization", "averageUtilization": 70.0}}},
			map[string]any{"type": "Resource", "resource": map[string]any{"name": "memory", "target": map[string]any{"type": "Utilization", "averageUtilization": 80.0}}},
		},
		"behavior": map[string]any{
			"scaleUp": map[string]any{"selectPolicy": "Min"},
			"scaleDown": map[string]any{"stabilizationWindowSeconds": 60.0, "policies": []any{
				map[string]any{"type": "Pods", "value": 1.0, "periodSeconds": 30.0},
			}},
		},
	}, made(t, args).Get(t, "HorizontalPodAutoscaler", "web-autoscaler").Input("spec"))
}

// TestScaledByLag: KEDA finds the stream from its own namespace, and takes the password
// from our Secret.
func TestScaledByLag(t *testing.T) {
	password := &secrets.Ref{Name: pulumi.String("redis-password"), Key: "password"}
	for name, c := range map[string]struct {
		redis    dapr.RedisConnection
		trigger  string
		metadata map[string]any
		login    []any
	}{
		"in the cluster": {dapr.RedisConnection{Host: "redis-master:6379", Password: password}, "redis-streams",
			map[string]any{"address": "redis-master.ns.svc:6379", "databaseIndex": "0"},
			[]any{map[string]any{"parameter": "password", "name": "redis-password", "key": "password"}}},
		"external": {dapr.RedisConnection{Host: "redis.example.com:6380", Database: 3, EnableTLS: true, InsecureSkipTLSVerify: true}, "redis-streams",
			map[string]any{"address": "redis.example.com:6380", "databaseIndex": "3", "enableTLS": "true", "unsafeSsl": "true"}, nil},
		"sentinels": {dapr.RedisConnection{Host: "s0:26379,s1:26379", Password: password, Sentinel: &dapr.RedisSentinel{MasterName: "main", Password: password}}, "redis-sentinel-streams",
			map[string]any{"addresses": "s0.ns.svc:26379,s1.ns.svc:26379", "databaseIndex": "0", "sentinelMaster": "main"},
			[]any{map[string]any{"parameter": "password", "name": "redis-password", "key": "password"}, map[string]any{"parameter": "sentinelPassword", "name": "redis-password", "key": "password"}}},
		"a cluster": {dapr.RedisConnection{Host: "n0.example.com:6379", Cluster: true}, "redis-cluster-streams",
			map[string]any{"addresses": "n0.example.com:6379"}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			args := good()
			args.Autoscale = &Autoscale{Max: 5, Memory: new(80), Redis: &c.redis, Streams: []Stream{{Name: "order.placed", Group: "mail-app", Lag: 50}},
				Behavior: Behavior{Down: &ScaleRules{SelectPolicy: "Disabled"}}}
			g := made(t, args)
			for key, value := range map[string]any{"stream": "order.placed", "consumerGroup": "mail-app", "lagCount": "50", "activationLagCount": "0"} {
				c.metadata[key] = value
			}
			trigger := map[string]any{"type": c.trigger, "metadata": c.metadata}
			if c.login != nil {
				trigger["authenticationRef"] = map[string]any{"name": "web"}
				require.Equal(t, c.login, g.Get(t, "TriggerAuthentication", "web-autoscaler-login").Input("spec", "secretTargetRef"))
			}
			scaled := g.Get(t, "ScaledObject", "web-autoscaler")
			require.Equal(t, "web", scaled.Input("metadata", "name"))
			require.Equal(t, map[string]any{
				"scaleTargetRef":  map[string]any{"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"},
				"minReplicaCount": 0.0, "maxReplicaCount": 5.0,
				"triggers": []any{trigger, map[string]any{"type": "memory", "metricType": "Utilization", "metadata": map[string]any{"value": "80"}}},
				"advanced": map[string]any{"horizontalPodAutoscalerConfig": map[string]any{"behavior": map[string]any{"scaleDown": map[string]any{"selectPolicy": "Disabled"}}}},
			}, scaled.Input("spec"))
			require.Empty(t, g.All("HorizontalPodAutoscaler"), "KEDA makes its own")
		})
	}
}

func TestBudgetByHand(t *testing.T) {
	args := good()
	args.Disruption = &Disruption{MinAvailable: "50%"}
	require.Equal(t, "50%", made(t, args).Get(t, "PodDisruptionBudget", "web-budget").Input("spec", "minAvailable"))
	args.NoDisruption = true
	require.Empty(t, made(t, args).All("PodDisruptionBudget"))
}

// TestStatefulSet: its claims go with it unless they are kept, and belong to the user of
// the container.
func TestStatefulSet(t *testing.T) {
	args := good()
	args.Kind = StatefulSet
	args.Stateful = Stateful{
		Claims: []Claim{{Name: "data", Path: "/data", Storage: "1Gi", StorageClass: "fast", AccessModes: []string{"ReadWriteOnce"}}}, PodManagementPolicy: "Parallel",
	}
	g := made(t, args)
	set := g.Get(t, "StatefulSet", "web-statefulset")
	require.Equal(t, "web-headless", set.Input("spec", "serviceName"))
	require.Equal(t, "Parallel", set.Input("spec", "podManagementPolicy"))
	require.Equal(t, map[string]any{"whenDeleted": "Delete", "whenScaled": "Retain"}, set.Input("spec", "persistentVolumeClaimRetentionPolicy"))
	require.Equal(t, map[string]any{
		"accessModes": []any{"ReadWriteOnce"}, "resources": map[string]any{"requests": map[string]any{"storage": "1Gi"}}, "storageClassName": "fast",
	}, set.Input("spec", "volumeClaimTemplates", 0, "spec"))
	require.Equal(t, 65532.0, set.Input("spec", "template", "spec", "securityContext", "fsGroup"))
	require.Equal(t, []any{map[string]any{"name": "data", "mountPath": "/data"}}, set.Input("spec", "template", "spec", "containers", 0, "volumeMounts"))
	require.False(t, set.Protect)

	headless := g.Get(t, "Service", "web-pods")
	require.Equal(t, "web-headless", headless.Input("metadata", "name"))
	require.Equal(t, "None", headless.Input("spec", "clusterIP"))
	require.Equal(t, set.Input("spec", "selector", "matchLabels"), headless.Input("spec", "selector"))
	require.Nil(t, g.Get(t, "Service", "web-service").Input("spec", "clusterIP"), "others still have one address")
	require.False(t, slices.ContainsFunc(g.Edges(), func(e string) bool { return e == "StatefulSet web-statefulset → Service web-pods" }), "a Service is awaited until it has pods")

	args.Stateful.RetainClaims, args.Stateful.Protect = true, true
	kept := made(t, args).Get(t, "StatefulSet", "web-statefulset")
	require.Equal(t, "Retain", kept.Input("spec", "persistentVolumeClaimRetentionPolicy", "whenDeleted"))
	require.True(t, kept.Protect)
}

// TestJob: it has neither probes nor a Service, and up waits for it as long as it may
// run.
func TestJob(t *testing.T) {
	args := good()
	args.Ports, args.HealthPath, args.Replicas, args.Kind = nil, "", 0, Job
	args.Run = Run{BackoffLimit: new(2), ActiveDeadline: 30 * time.Minute, TTL: new(time.Hour)}
	args.Sidecar = &Sidecar{AppID: "web-app", Config: "appconfig"}
	g := made(t, args)
	require.Empty(t, g.All("Service"))
	job := g.Get(t, "Job", "web-job")
	require.Equal(t, "1860", job.Input("metadata", "annotations", "pulumi.com/timeoutSeconds"))
	spec := job.Input("spec").(map[string]any)
	require.Equal(t, []any{2.0, 1800.0, 3600.0}, []any{spec["backoffLimit"], spec["activeDeadlineSeconds"], spec["ttlSecondsAfterFinished"]})
	require.NotContains(t, spec, "selector", "Kubernetes sets it")
	pod := spec["template"].(map[string]any)["spec"].(map[string]any)
	require.Equal(t, "Never", pod["restartPolicy"])
	container := pod["containers"].([]any)[0].(map[string]any)
	for _, key := range []string{"readinessProbe", "livenessProbe", "ports"} {
		require.NotContains(t, container, key)
	}
	require.NotContains(t, spec["template"].(map[string]any)["metadata"].(map[string]any)["annotations"], "dapr.io/app-port")

	args.Run.SkipAwait = true
	require.Equal(t, "true", made(t, args).Get(t, "Job", "web-job").Input("metadata", "annotations", "pulumi.com/skipAwait"))
}

func TestCronJob(t *testing.T) {
	args := good()
	args.Ports, args.HealthPath, args.Kind = nil, "", CronJob
	args.Run = Run{RestartPolicy: "OnFailure"}
	args.Timetable = Timetable{Schedule: "0 2 * * *", TimeZone: "Europe/Berlin", ConcurrencyPolicy: "Forbid", StartingDeadline: time.Minute, Suspend: true, FailedJobs: new(0)}
	spec := made(t, args).Get(t, "CronJob", "web-cronjob").Input("spec").(map[string]any)
	require.Equal(t, "OnFailure", spec["jobTemplate"].(map[string]any)["spec"].(map[string]any)["template"].(map[string]any)["spec"].(map[string]any)["restartPolicy"])
	delete(spec, "jobTemplate")
	require.Equal(t, map[string]any{
		"schedule": "0 2 * * *", "timeZone": "Europe/Berlin", "concurrencyPolicy": "Forbid", "startingDeadlineSeconds": 60.0, "suspend": true, "failedJobsHistoryLimit": 0.0,
	}, spec)
}

func TestKindArguments(t *testing.T) {
	for want, change := range map[string]func(*Args){
		`there is no kind "Pod"`:          func(a *Args) { a.Kind = "Pod" },
		"a CronJob needs a schedule":      func(a *Args) { a.Kind = CronJob },
		"only a StatefulSet has claims":   func(a *Args) { a.Stateful.Claims = []Claim{{Name: "data"}} },
		"autoscaling by streams needs Re": func(a *Args) { a.Autoscale = &Autoscale{Streams: []Stream{{}}} },
	} {
		args := good()
		change(args)
		_, err := graphtest.Run(t, func(ctx *pulumi.Context) error {
			_, err := New(ctx, "web", args)
			return err
		})
		require.ErrorContains(t, err, want)
	}
}

// TestService: case 19, a load balancer. It is not awaited: on a cluster without one
// there never is an address.
func TestService(t *testing.T) {
	args := good()
	args.Service = kube.ServiceForm{
		Type: "LoadBalancer", Annotations: map[string]string{"example.com/internal": "true"}, LoadBalancerClass: "internal",
		LoadBalancerSourceRanges: []string{"10.0.0.0/8"}, ExternalTrafficPolicy: "Local",
		Ports: []kube.ServicePort{{Name: "web", Number: 80, Target: "8000", AppProtocol: "http", NodePort: 30080}, {Name: "admin", Number: 81}},
	}
	service := made(t, args).Get(t, "Service", "web-service")
	require.Equal(t, "true", service.Input("metadata", "annotations", "pulumi.com/skipAwait"))
	require.Equal(t, "true", service.Input("metadata", "annotations", "example.com/internal"))
	require.Equal(t, map[string]any{
		"type": "LoadBalancer", "loadBalancerClass": "internal", "loadBalancerSourceRanges": []any{"10.0.0.0/8"}, "externalTrafficPolicy": "Local",
		"selector": map[string]any{"app.kubernetes.io/name": "web", "app.kubernetes.io/managed-by": "daprstack"},
		"ports": []any{
			map[string]any{"name": "web", "port": 80.0, "targetPort": 8000.0, "appProtocol": "http", "nodePort": 30080.0},
			map[string]any{"name": "admin", "port": 81.0, "targetPort": "admin"},
		},
	}, service.Input("spec"))
	args.Service = kube.ServiceForm{Headless: true}
	require.Equal(t, "None", made(t, args).Get(t, "Service", "web-service").Input("spec", "clusterIP"))
	args.Service = kube.ServiceForm{None: true}
	require.Empty(t, made(t, args).All("Service"))
}

// TestReachable: neither is awaited, nor is it said where a controller serves.
func TestReachable(t *testing.T) {
	args := good()
	args.Ingress = &Ingress{
		ClassName: "nginx", Hosts: []string{"a.example", "b.example"}, Paths: []string{"/"}, PathType: "Prefix", Port: "http",
		TLSSecret: "web-tls", Annotations: map[string]string{"example.com/x": "y"},
	}
	args.Route = &Route{
		Parents: []ParentRef{{Name: "public", Namespace: "gateways", SectionName: "https", Port: 443}}, Hostnames: []string{"c.example"}, Port: 8000,
		Matches: []RouteMatch{{Path: "/web", PathType: "Exact", Method: "GET", Headers: map[string]string{"x": "1"}}},
	}
	g := made(t, args)
	ingress := g.Get(t, "Ingress", "web-ingress")
	require.Equal(t, "true", ingress.Input("metadata", "annotations", "pulumi.com/skipAwait"))
	require.Equal(t, "y", ingress.Input("metadata", "annotations", "example.com/x"))
	http := map[string]any{"paths": []any{map[string]any{
		"path": "/", "pathType": "Prefix", "backend": map[string]any{"service": map[string]any{"name": "web", "port": map[string]any{"name": "http"}}},
	}}}
	require.Equal(t, map[string]any{
		"ingressClassName": "nginx", "tls": []any{map[string]any{"hosts": []any{"a.example", "b.example"}, "secretName": "web-tls"}},
		"rules": []any{map[string]any{"host": "a.example", "http": http}, map[string]any{"host": "b.example", "http": http}},
	}, ingress.Input("spec"))
	route := g.Get(t, "HTTPRoute", "web-route")
	require.Equal(t, "gateway.networking.k8s.io/v1", route.Input("apiVersion"))
	require.Equal(t, map[string]any{
		"parentRefs": []any{map[string]any{"name": "public", "namespace": "gateways", "sectionName": "https", "port": 443.0}},
		"hostnames":  []any{"c.example"},
		"rules": []any{map[string]any{
			"backendRefs": []any{map[string]any{"name": "web", "port": 8000.0}},
			"matches": []any{map[string]any{
				"path": map[string]any{"type": "Exact", "value": "/web"}, "method": "GET", "headers": []any{map[string]any{"name": "x", "value": "1"}},
			}},
		}},
	}, route.Input("spec"))
	args.Ingress = &Ingress{Paths: []string{"/"}, PathType: "Prefix", Port: "http"}
	require.Equal(t, map[string]any{"rules": []any{map[string]any{"http": http}}}, made(t, args).Get(t, "Ingress", "web-ingress").Input("spec"), "any host")
}
