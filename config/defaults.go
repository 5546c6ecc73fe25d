package config

import (
	"cmp"
	"maps"
	"slices"
	"strconv"
	"time"

	"github.com/daprstack/daprstack/config/rules"
)

// The defaults that other packages refer to.
const (
	DefaultDaprVersion     = rules.PinnedDapr
	DefaultDaprNamespace   = "dapr-system"
	DefaultChartRepository = "https://dapr.github.io/helm-charts/"
	DefaultConfiguration   = "appconfig"
	DefaultRedisImage      = "docker.io/library/redis:7.2.16"
	DefaultRenewBefore     = 30 * 24 * time.Hour
)

// Default fills in every value that the stack file left out. It is pure and
// idempotent, and never changes a value that was given.
func Default(s *Stack) {
	def(&s.CreateNamespace, new(true))
	defaultDapr(&s.Dapr)
	defaultRedis(&s.Redis)
	for i := range s.StateStores {
		def(&s.StateStores[i].Type, rules.DefaultType(rules.StateStore))
		def(&s.StateStores[i].Version, rules.ComponentVersion)
	}
	for i := range s.Events {
		if len(s.PubSubs) > 0 {
			def(&s.Events[i].PubSub, s.PubSubs[0].Name)
		}
	}
	for i := range s.PubSubs {
		defaultPubSub(s, &s.PubSubs[i])
	}
	for name, r := range s.Resiliency.Policies.Retries {
		def(&r.Policy, "constant")
		s.Resiliency.Policies.Retries[name] = r
	}
	for i := range s.Apps {
		defaultApp(&s.Apps[i], s)
	}
	for i := range s.Apps {
		defaultAutoscale(s, &s.Apps[i])
	}
}

func defaultDapr(d *Dapr) {
	def(&d.Enabled, new(true))
	def(&d.Install, new(true))
	def(&d.Version, DefaultDaprVersion)
	def(&d.MTLS, new(true))
	if *d.Install {
		defaultControlPlane(d)
	}
	def(&d.Configuration.Name, DefaultConfiguration)
	def(&d.Configuration.AccessControl.DefaultAction, "deny")
	def(&d.Configuration.Tracing.SamplingRate, "0")
}

// defaultControlPlane fills in what only a control plane of the stack has.
func defaultControlPlane(d *Dapr) {
	def(&d.Namespace, DefaultDaprNamespace)
	if d.Chart.Path == "" {
		def(&d.Chart.Repository, DefaultChartRepository)
	}
	def(&d.Certificates.RootLifetime, &Duration{10 * 365 * 24 * time.Hour})
	def(&d.Certificates.IssuerLifetime, &Duration{365 * 24 * time.Hour})
	def(&d.Certificates.RenewBefore, &Duration{DefaultRenewBefore})
	def(&d.LogLevel, "info")
	if !d.Scheduler.InMemory {
		def(&d.Scheduler.Storage, "1Gi")
	}
}

func defaultRedis(r *Redis) {
	if r.External != nil {
		def(&r.External.Auth, new(true))
		return // nothing runs in the cluster
	}
	def(&r.Image, DefaultRedisImage)
	if r.ExistingClaim == "" {
		def(&r.Storage, "1Gi")
	}
	def(&r.Fsync, "always")
	defaultResources(&r.Resources, Resources{
		Requests: map[string]string{"cpu": "50m", "memory": "128Mi"},
		Limits:   map[string]string{"memory": "256Mi"},
	})
	if limit, err := parseQuantity(r.Resources.Limits["memory"]); err == nil {
		def(&r.MaxMemory, strconv.FormatInt(limit.Value()/4*3, 10))
	}
}

func defaultPubSub(s *Stack, p *PubSub) {
	def(&p.Type, rules.DefaultType(rules.PubSub))
	def(&p.Version, rules.ComponentVersion)
	def(&p.RedeliverInterval, &Duration{30 * time.Second})
	def(&p.QueueDepth, new(2))
	def(&p.Concurrency, new(10))
	def(&p.MaxRetries, new(3))
	def(&p.RetryPolicy, "constant")
	def(&p.RetryInterval, &Duration{5 * time.Second})
	def(&p.HandlerTimeout, &Duration{10 * time.Second})
	needed := min(s.Unacknowledged(*p), 1<<62).Truncate(10*time.Second) + 10*time.Second // longer by up to that
	def(&p.ProcessingTimeout, &Duration{max(time.Minute, needed)})
	if p.MaxLenApprox == nil {
		def(&p.StreamTTL, &Duration{7 * 24 * time.Hour})
	}
}

func defaultApp(a *App, s *Stack) {
	def(&a.ImagePullPolicy, "IfNotPresent")
	defaultKind(a)
	defaultService(a)
	if !s.PlatformUsers {
		def(&a.User, new(65532))
	}
	defaultResources(&a.Resources, Resources{
		Requests: map[string]string{"cpu": "25m", "memory": "32Mi"},
		Limits:   map[string]string{"memory": "128Mi"},
	})
	if a.Sidecar != nil {
		defaultSidecar(a, s.Dapr)
	}
	if a.Port != 0 && !slices.Contains(notPlain, a.Protocol(a.Port)) {
		def(&a.HealthPath, cmp.Or(a.ReadyPath(), "/healthz"))
	}
}

func defaultSidecar(a *App, d Dapr) {
	s := a.Sidecar
	if a.Port != 0 {
		def(&s.AppPort, new(a.Port))
	}
	def(&s.Config, d.Configuration.Name)
	if s.Options == nil {
		s.Options = rules.SidecarOptions{}
	}
	if _, given := s.Options[rules.OptionNativeSidecar]; !given && a.Ends() && rules.OptionSince(rules.OptionNativeSidecar, d.Version) == nil {
		s.Options[rules.OptionNativeSidecar] = true // or the Job would never end
	}
	s.Options.Fill()
	defaultResources(&s.Resources, Resources{
		Requests: map[string]string{"cpu": "50m", "memory": "64Mi"},
		Limits:   map[string]string{"memory": "256Mi"},
	})
}

// defaultResources keeps what was given: a container whose memory limit is
// raised keeps the default CPU request. A default request is never more than a
// given limit.
func defaultResources(r *Resources, d Resources) {
	requests := maps.Clone(d.Requests)
	for key, request := range requests {
		if limit, given := r.Limits[key]; given && more(request, limit) {
			requests[key] = limit
		}
	}
	r.Requests = merge(requests, r.Requests)
	r.Limits = merge(d.Limits, r.Limits)
}

func more(a, b string) bool {
	x, err1 := parseQuantity(a)
	y, err2 := parseQuantity(b)
	return err1 == nil && err2 == nil && x.Cmp(y) > 0
}

func merge(base, over map[string]string) map[string]string {
	all := maps.Clone(base)
	maps.Copy(all, over)
	return all
}

// def sets a value that is still zero.
func def[T comparable](value *T, standard T) {
	var zero T
	if *value == zero {
		*value = standard
	}
}
