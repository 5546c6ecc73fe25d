package migration

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/daprstack/daprstack/config"
)

// TestAround: what stands around the pods becomes keys of the app, and what has none
// stays beside the stack, which then leaves it alone.
func TestAround(t *testing.T) {
	text, err := os.ReadFile(filepath.Join("testdata", "around.yaml"))
	require.NoError(t, err)
	r, err := From(read(t, string(text)), Options{Context: "mine"})
	require.NoError(t, err)
	apps := map[string]config.App{}
	for _, a := range r.Stack.Apps {
		apps[a.Name] = a
	}
	web := apps["web"]
	require.Nil(t, web.Replicas)
	require.Equal(t, &config.Autoscale{Min: new(2), Max: new(9), CPU: new(60)}, web.Autoscale)
	require.Equal(t, &config.Disruption{MaxUnavailable: "25%"}, web.Disruption)
	require.Equal(t, &config.Service{Type: "LoadBalancer", ExternalTrafficPolicy: "Local", Ports: []config.ServicePort{{Name: "http", Port: 80, TargetPort: "http", NodePort: 30080}}}, web.Service)
	require.Equal(t, &config.Ingress{
		ClassName: "nginx", Hosts: []string{"shop.example.com"}, Paths: []string{"/"}, PathType: "Prefix", Port: "http", TLSSecret: "shop-tls",
		Annotations: map[string]string{"example.com/rewrite": "/"},
	}, web.Ingress)

	require.Equal(t, &config.Autoscale{External: true}, apps["queue"].Autoscale, "its autoscaler goes on beside the stack")
	require.Nil(t, apps["queue"].Replicas)

	stock := apps["stock"]
	require.Equal(t, config.StatefulSet, stock.Kind)
	require.Equal(t, "Parallel", stock.PodManagementPolicy)
	require.Equal(t, []config.VolumeClaim{{Name: "data", Path: "/var/lib/stock", Storage: "5Gi", StorageClass: "fast", AccessModes: []string{"ReadWriteOnce"}}}, stock.VolumeClaims)
	require.Equal(t, &config.Service{Type: config.Headless}, stock.Service)

	nightly := apps["nightly"]
	require.Equal(t, config.CronJobKind, nightly.Kind)
	require.Equal(t, "0 2 * * *", nightly.Schedule)
	require.Equal(t, &config.CronJob{
		TimeZone: "Europe/Berlin", ConcurrencyPolicy: "Forbid", Suspend: true, FailedJobs: new(3), StartingDeadline: &config.Duration{Duration: 10 * time.Minute},
	}, nightly.CronJob)
	require.Equal(t, &config.Job{
		BackoffLimit: new(1), RestartPolicy: "OnFailure", ActiveDeadline: &config.Duration{Duration: 15 * time.Minute}, TTL: &config.Duration{Duration: time.Hour},
	}, nightly.Job)

	require.Equal(t, []string{"HorizontalPodAutoscaler/queue", "Ingress/several"}, r.Left)
	require.Equal(t, []string{"PodDisruptionBudget/web-budget"}, r.Replaced)
	file, err := r.YAML(Document{})
	require.NoError(t, err)
	require.Contains(t, string(file), "kind: StatefulSet")
	require.NotContains(t, string(file), "kind: Deployment", "it is the default")
}
