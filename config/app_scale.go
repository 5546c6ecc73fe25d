package config

import (
	"slices"
	"strconv"
	"strings"

	"k8s.io/apimachinery/pkg/util/validation/field"
)

// Autoscale says how many pods an app has: the stack sets no number, neither when it
// makes the app nor at a later up.
type Autoscale struct {
	// External leaves the number to an autoscaler that the stack does not make, as
	// replicas: null does. Default false.
	External bool `json:"external,omitzero"`

	// Min is the least number of pods, 1 or more; 0 is possible with Events. Default
	// 1.
	Min *int `json:"min,omitzero"`

	// Max is the greatest number of pods, which has to be given. Default none, with
	// External.
	Max *int `json:"max,omitzero"`

	// CPU is the average use of the CPU that is aimed at, in percent of the request.
	// Default 80 if neither Memory nor Events is given, else none.
	CPU *int `json:"cpu,omitzero"`

	// Memory is the average use of memory that is aimed at, in percent of the request.
	// Default none.
	Memory *int `json:"memory,omitzero"`

	// Events are events that the app takes, and how many of each may wait for a pod.
	// KEDA, which has to be in the cluster, looks at them. Default none.
	Events []ScaleEvent `json:"events,omitzero"`

	// Behavior is how fast pods are added and removed. Default that of Kubernetes.
	Behavior *ScaleBehavior `json:"behavior,omitzero"`
}

// ScaleEvent is an event whose backlog decides on the number of pods.
type ScaleEvent struct {
	// Type of the event, which the app subscribes to. Required.
	Type string `json:"type"`

	// PubSub is the pub/sub that carries it. Default the one that carries an event of
	// this type to the app.
	PubSub string `json:"pubSub,omitzero"`

	// Lag is how many events that no sidecar has read yet are aimed at for each pod.
	// Default 100, as many as a sidecar reads ahead.
	Lag int `json:"lag,omitzero"`
}

// ScaleBehavior is how fast an autoscaler adds and removes pods.
type ScaleBehavior struct {
	// ScaleUp is how pods are added. Default that of Kubernetes.
	ScaleUp *ScaleRules `json:"scaleUp,omitzero"`
	// ScaleDown is how pods are removed. Default that of Kubernetes.
	ScaleDown *ScaleRules `json:"scaleDown,omitzero"`
}

// ScaleRules bound the change in one direction.
type ScaleRules struct {
	// StabilizationWindow is how long an earlier recommendation holds. Default that of
	// Kubernetes: 0s up, 300s down.
	StabilizationWindow *Duration `json:"stabilizationWindow,omitzero"`

	// SelectPolicy is Max, Min or Disabled. Default Max.
	SelectPolicy string `json:"selectPolicy,omitzero"`

	// Policies are the bounds. Default those of Kubernetes.
	Policies []ScalePolicy `json:"policies,omitzero"`
}

// ScalePolicy is how many pods may come or go within a period.
type ScalePolicy struct {
	// Type is Pods or Percent. Required.
	Type string `json:"type"`
	// Value is that number or percentage. Required, 1 or more.
	Value int `json:"value"`
	// Period is 1s to 30m. Required.
	Period *Duration `json:"period"`
}

// Disruption is how many pods of an app may be away at a time while nodes are drained
// (a PodDisruptionBudget).
type Disruption struct {
	// Enabled makes the budget. Default true for an app that has always more than one
	// pod, or if anything else is given here.
	Enabled *bool `json:"enabled,omitzero"`

	// MaxUnavailable is how many pods may be away, a number or a percentage. Default 1,
	// unless MinAvailable is given.
	MaxUnavailable IntOrText `json:"maxUnavailable,omitzero"`

	// MinAvailable is how many pods have to stay instead, a number or a percentage.
	// Default none.
	MinAvailable IntOrText `json:"minAvailable,omitzero"`
}

// IntOrText is a number or a text, such as a percentage or the name of a port.
type IntOrText string

// Number returns the number, and false for a text.
func (v IntOrText) Number() (int, bool) {
	n, err := strconv.Atoi(string(v))
	return n, err == nil
}

// defaultAutoscale fills in what an autoscaler of the stack needs.
func defaultAutoscale(s *Stack, a *App) {
	auto := a.Autoscale
	if auto == nil || auto.External {
		return
	}
	def(&auto.Min, new(1))
	if auto.Memory == nil && len(auto.Events) == 0 {
		def(&auto.CPU, new(80))
	}
	for i := range auto.Events {
		def(&auto.Events[i].Lag, 100)
		def(&auto.Events[i].PubSub, s.pubSubOf(*a, auto.Events[i].Type))
	}
}

// pubSubOf returns the first pub/sub that carries an event to an app.
func (s *Stack) pubSubOf(a App, event string) string {
	for _, e := range s.Events {
		takes := func(sub Subscriber) bool { return a.Sidecar != nil && sub.App == a.Sidecar.AppID }
		if e.Type == event && slices.ContainsFunc(e.Subscribers, takes) {
			return e.PubSub
		}
	}
	return ""
}

// Pods returns the least number of pods that an app has, and whether the stack sets
// it. An autoscaler that the stack does not make may leave none.
func (a App) Pods() (least int, fixed bool) {
	switch {
	case a.Replicas != nil:
		return *a.Replicas, true
	case a.Autoscale != nil && a.Autoscale.Min != nil:
		return *a.Autoscale.Min, false
	default:
		return 0, false
	}
}

// Budget returns the budget of an app, nil for none. With one pod it would keep its
// node from ever being drained.
func (a App) Budget() *Disruption {
	least, _ := a.Pods()
	switch d := a.Disruption; {
	case a.Ends():
		return nil
	case d == nil && least > 1:
		return &Disruption{MaxUnavailable: "1"}
	case d == nil || d.Enabled != nil && !*d.Enabled:
		return nil
	case d.MaxUnavailable == "" && d.MinAvailable == "":
		return &Disruption{MaxUnavailable: "1"}
	default:
		return d
	}
}

// scale checks how many pods an app has (W-01).
func (v *validator) scale(path *field.Path, a App) {
	if a.Ends() {
		v.notForJobs(path, a, map[string]bool{
			"replicas": a.Replicas != nil, "autoscale": a.Autoscale != nil, "disruption": a.Disruption != nil,
		})
		return
	}
	if a.Replicas != nil {
		v.count(path.Child("replicas"), *a.Replicas, 0)
	}
	if a.Autoscale != nil {
		v.autoscale(path, a)
	}
	if a.Disruption != nil {
		v.disruption(path.Child("disruption"), a)
	}
}

func (v *validator) autoscale(app *field.Path, a App) {
	path, auto := app.Child("autoscale"), a.Autoscale
	if a.Replicas != nil {
		v.add(app.Child("replicas"), *a.Replicas, broken("W-01", "must not be given together with autoscale: the autoscaler sets it"), path.String())
	}
	if auto.External {
		for _, k := range []struct {
			key   string
			given bool
		}{
			{"min", auto.Min != nil}, {"max", auto.Max != nil}, {"cpu", auto.CPU != nil}, {"memory", auto.Memory != nil},
			{"events", auto.Events != nil}, {"behavior", auto.Behavior != nil},
		} {
			if k.given {
				v.add(path.Child(k.key), nil, broken("W-01", "must not be given with external: the stack makes no autoscaler then"), path.Child("external").String())
			}
		}
		return
	}
	least := 1
	if len(auto.Events) > 0 {
		least = 0 // KEDA starts the first pod
	}
	v.count(path.Child("min"), *auto.Min, least)
	switch {
	case auto.Max == nil:
		v.add(path.Child("max"), nil, broken("W-01", "is required: the greatest number of pods"), path.Child("external").String())
	case *auto.Max < max(*auto.Min, 1):
		v.add(path.Child("max"), *auto.Max, broken("W-01", "must be 1 or more, and no less than min"), path.Child("min").String())
	}
	v.utilization(path.Child("cpu"), auto.CPU, "cpu", app, a)
	v.utilization(path.Child("memory"), auto.Memory, "memory", app, a)
	for i, e := range auto.Events {
		v.scaleEvent(path.Child("events").Index(i), e, a)
	}
	if len(auto.Events) > 0 {
		v.scaledByKEDA(path.Child("events"))
	}
	if b := auto.Behavior; b != nil {
		v.scaleRules(path.Child("behavior", "scaleUp"), b.ScaleUp)
		v.scaleRules(path.Child("behavior", "scaleDown"), b.ScaleDown)
	}
}

// utilization checks an aim in percent of a request, which has to be there.
func (v *validator) utilization(path *field.Path, percent *int, resource string, app *field.Path, a App) {
	if percent == nil {
		return
	}
	v.count(path, *percent, 1)
	if a.Resources.Requests[resource] == "" {
		v.add(path, *percent, broken("W-01", "needs a request for "+resource+", of which it is a percentage"), app.Child("resources").String())
	}
}

func (v *validator) scaleEvent(path *field.Path, e ScaleEvent, a App) {
	v.count(path.Child("lag"), e.Lag, 1)
	by := []string{"events", "pubSubs", "apps[].sidecar.appId"}
	if e.Type == "" {
		v.form(path.Child("type"), nil, "is required")
		return
	}
	takes := false
	if event := v.catalogue[e.PubSub][e.Type]; event != nil && a.Sidecar != nil {
		takes = slices.ContainsFunc(event.Subscribers, func(s Subscriber) bool { return s.App == a.Sidecar.AppID })
	}
	if !takes {
		v.add(path.Child("type"), e.Type, broken("X-01", "must be an event that the app subscribes to"), append(by, path.Child("pubSub").String())...)
	}
}

// scaledByKEDA checks that KEDA can read the streams: it runs outside the stack, and
// has a way of its own to be told of certificates.
func (v *validator) scaledByKEDA(path *field.Path) {
	if !*v.stack.Dapr.Enabled {
		return // nothing is published then, and no ScaledObject is made
	}
	e := v.stack.Redis.External
	if e == nil {
		return
	}
	if e.CACert != "" || e.CACertSecret != nil || e.ClientCert != "" || e.ClientCertSecret != "" {
		v.add(path, nil, broken("W-01", "cannot be given with a private authority or a client certificate of Redis: use external, and a ScaledObject in objects"), "redis.external")
	}
}

func (v *validator) scaleRules(path *field.Path, r *ScaleRules) {
	if r == nil {
		return
	}
	if w := r.StabilizationWindow; w != nil {
		v.seconds(path.Child("stabilizationWindow"), *w, 0, 3600)
	}
	v.oneOf(path.Child("selectPolicy"), r.SelectPolicy, "Max", "Min", "Disabled")
	for i, p := range r.Policies {
		at := path.Child("policies").Index(i)
		v.choice(at.Child("type"), p.Type, "Pods", "Percent")
		v.count(at.Child("value"), p.Value, 1)
		if p.Period == nil {
			v.form(at.Child("period"), nil, "is required")
		} else {
			v.seconds(at.Child("period"), *p.Period, 1, 1800)
		}
	}
}

func (v *validator) disruption(path *field.Path, a App) {
	d := a.Disruption
	if d.MaxUnavailable != "" && d.MinAvailable != "" {
		v.add(path.Child("minAvailable"), string(d.MinAvailable), broken("W-02", "must not be given together with maxUnavailable"), path.Child("maxUnavailable").String())
	}
	for key, value := range map[string]IntOrText{"maxUnavailable": d.MaxUnavailable, "minAvailable": d.MinAvailable} {
		if value != "" && !amount(value) {
			v.add(path.Child(key), string(value), broken("W-02", `must be a number or a percentage such as "25%"`))
		}
	}
	const never = ": the nodes of the app could never be drained; enabled: false makes no budget"
	if n := strings.TrimSuffix(string(d.MaxUnavailable), "%"); n == "0" {
		v.add(path.Child("maxUnavailable"), string(d.MaxUnavailable), broken("W-02", "must be more than 0"+never))
	}
	least, known := a.Pods()
	if a.Autoscale != nil && !a.Autoscale.External {
		known = true
	}
	n, isNumber := d.MinAvailable.Number()
	if d.MinAvailable == "100%" || isNumber && known && n >= least {
		v.add(path.Child("minAvailable"), string(d.MinAvailable), broken("W-02", "must be less than the number of pods"+never),
			parent(path.String())+".replicas", parent(path.String())+".autoscale")
	}
}

// amount reports whether a value is a number of pods or a percentage of them.
func amount(v IntOrText) bool {
	digits, percent := strings.CutSuffix(string(v), "%")
	n, err := strconv.Atoi(digits)
	return err == nil && n >= 0 && (!percent || n <= 100)
}
