package stacks

import (
	"time"

	"github.com/daprstack/daprstack/components/app"
	"github.com/daprstack/daprstack/components/kube"
	"github.com/daprstack/daprstack/config"
)

// setWorkload says what runs the pods of an app, how many there are, and how they are
// reached.
func (s *stack) setWorkload(args *app.Args, a config.App, sidecars *sidecars) {
	args.Kind = app.Kind(a.Kind)
	args.Replicas, _ = a.Pods()
	if a.Autoscale != nil {
		args.Autoscale = s.autoscale(a, sidecars)
	}
	if d := a.Budget(); d != nil {
		args.Disruption = &app.Disruption{MaxUnavailable: string(d.MaxUnavailable), MinAvailable: string(d.MinAvailable)}
	} else {
		args.NoDisruption = true
	}
	args.Stateful = app.Stateful{
		PodManagementPolicy: a.PodManagementPolicy, RetainClaims: s.cfg.Keep.Data || s.cfg.Production,
		Protect: s.cfg.Production && len(a.VolumeClaims) > 0,
	}
	for _, c := range a.VolumeClaims {
		args.Stateful.Claims = append(args.Stateful.Claims, app.Claim(c))
	}
	if a.Job != nil {
		args.Run = runOf(*a.Job)
	}
	if a.CronJob != nil {
		args.Timetable = timetable(a)
	}
	if a.Service != nil {
		args.Service = serviceForm(*a.Service)
	}
	if a.Ingress != nil {
		args.Ingress = (*app.Ingress)(a.Ingress)
	}
	if a.HTTPRoute != nil {
		args.Route = route(a)
	}
}

// autoscale returns who sets the number of pods. Without Dapr nothing is published, and
// no stream has a lag.
func (s *stack) autoscale(a config.App, sidecars *sidecars) *app.Autoscale {
	given := a.Autoscale
	if given.External {
		return &app.Autoscale{External: true}
	}
	auto := &app.Autoscale{Min: *given.Min, Max: *given.Max, CPU: given.CPU, Memory: given.Memory}
	if sidecars != nil && len(given.Events) > 0 {
		auto.Redis = sidecars.redis
		for _, e := range given.Events {
			auto.Streams = append(auto.Streams, app.Stream{
				Name: s.cfg.Stream(e.PubSub, e.Type), Group: s.cfg.ConsumerGroup(e.PubSub, a.Sidecar.AppID), Lag: e.Lag,
			})
		}
	}
	if auto.Streams == nil {
		auto.Min = max(auto.Min, 1)
		auto.External = auto.CPU == nil && auto.Memory == nil // there is nothing to go by
	}
	if b := given.Behavior; b != nil {
		auto.Behavior = app.Behavior{Up: scaleRules(b.ScaleUp), Down: scaleRules(b.ScaleDown)}
	}
	return auto
}

func scaleRules(given *config.ScaleRules) *app.ScaleRules {
	if given == nil {
		return nil
	}
	rules := &app.ScaleRules{StabilizationWindow: span(given.StabilizationWindow), SelectPolicy: given.SelectPolicy}
	for _, p := range given.Policies {
		rules.Policies = append(rules.Policies, app.ScalePolicy{Type: p.Type, Value: p.Value, Period: p.Period.Duration})
	}
	return rules
}

func runOf(j config.Job) app.Run {
	run := app.Run{
		Completions: j.Completions, Parallelism: j.Parallelism, BackoffLimit: j.BackoffLimit, RestartPolicy: j.RestartPolicy,
		TTL: span(j.TTL), SkipAwait: j.Wait != nil && !*j.Wait,
	}
	if j.ActiveDeadline != nil {
		run.ActiveDeadline = j.ActiveDeadline.Duration
	}
	return run
}

func timetable(a config.App) app.Timetable {
	c := a.CronJob
	t := app.Timetable{
		Schedule: a.Schedule, TimeZone: c.TimeZone, ConcurrencyPolicy: c.ConcurrencyPolicy, Suspend: c.Suspend,
		SuccessfulJobs: c.SuccessfulJobs, FailedJobs: c.FailedJobs,
	}
	if c.StartingDeadline != nil {
		t.StartingDeadline = c.StartingDeadline.Duration
	}
	return t
}

func serviceForm(s config.Service) kube.ServiceForm {
	form := kube.ServiceForm{
		None: s.Type == config.NoService, Headless: s.Type == config.Headless, Annotations: s.Annotations,
		LoadBalancerClass: s.LoadBalancerClass, LoadBalancerSourceRanges: s.LoadBalancerSourceRanges, ExternalTrafficPolicy: s.ExternalTrafficPolicy,
	}
	if !form.None && !form.Headless && s.Type != "ClusterIP" { // what Kubernetes makes anyway
		form.Type = s.Type
	}
	for _, p := range s.Ports {
		form.Ports = append(form.Ports, kube.ServicePort{
			Name: p.Name, Number: p.Port, Target: string(p.TargetPort), AppProtocol: p.AppProtocol, NodePort: p.NodePort,
		})
	}
	return form
}

func route(a config.App) *app.Route {
	r := a.HTTPRoute
	made := &app.Route{Hostnames: r.Hostnames, Port: a.PortNumber(r.Port), Annotations: r.Annotations}
	for _, p := range r.ParentRefs {
		made.Parents = append(made.Parents, app.ParentRef(p))
	}
	for _, m := range r.Matches {
		made.Matches = append(made.Matches, app.RouteMatch(m))
	}
	return made
}

func span(d *config.Duration) *time.Duration {
	if d == nil {
		return nil
	}
	return &d.Duration
}
