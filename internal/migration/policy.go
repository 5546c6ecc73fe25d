package migration

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/daprstack/daprstack/config"
	"github.com/daprstack/daprstack/config/rules"
)

// resiliency takes over how events are delivered, and how calls are retried and given
// up.
func (c *converter) resiliency() {
	for _, o := range c.of("Resiliency.dapr.io") {
		p := c.part(o)
		p.metadata().rest(nil)
		spec := p.below("spec")
		policies, targets := spec.below("policies"), spec.below("targets")
		for i := range c.stack.PubSubs {
			c.delivery(policies, targets.peek("components").peek(c.stack.PubSubs[i].Name).below("inbound"), &c.stack.PubSubs[i])
		}
		if scopes := p.texts("scopes"); len(scopes) > 0 {
			p.differ("scopes", strings.Join(scopes, ", "), advice{"the policies of a stack are for all of its apps", ""})
		}
		c.targets(policies, targets)
		for _, kind := range []string{"timeouts", "retries", "circuitBreakers"} {
			for _, name := range keysOf(policies.peek(kind).fields) {
				if rules.NeedsNoTarget(name) {
					c.named(policies, kind, name)
				}
			}
		}
		targets.rest(nil)
		spec.rest(nil)
		p.rest(nil)
		c.replaced = append(c.replaced, replacement{key: o.Key()})
	}
	for i := range c.stack.PubSubs {
		c.budget(&c.stack.PubSubs[i])
	}
}

// delivery takes over how the events of a pub/sub are delivered.
func (c *converter) delivery(policies, inbound part, pubSub *config.PubSub) {
	if name := inbound.text("retry"); name != "" {
		c.retry(policies.peek("retries").peek(name), pubSub)
	}
	if name := inbound.text("timeout"); name != "" {
		if d, ok := spanOf(policies.peek("timeouts").fields[name]); ok {
			pubSub.HandlerTimeout = d
		}
	}
}

// targets takes over what policies are for beside the delivery of events.
func (c *converter) targets(policies, targets part) {
	t := &c.stack.Resiliency.Targets
	names := func(p part) (n config.PolicyNames) {
		n.Timeout = c.named(policies, "timeouts", p.text("timeout"))
		n.Retry = c.named(policies, "retries", p.text("retry"))
		n.CircuitBreaker = c.named(policies, "circuitBreakers", p.text("circuitBreaker"))
		return n
	}
	size := func(p part) *int {
		if n, ok := p.number("circuitBreakerCacheSize"); ok && n > 0 {
			return &n
		}
		return nil
	}
	apps := targets.below("apps")
	for _, id := range keysOf(apps.fields) {
		if _, namespace := rules.SplitTarget(id); namespace == "" && !slices.Contains(c.appIDs(), id) {
			continue // reported as left
		}
		p := apps.below(id)
		n := names(p)
		enter(&t.Apps, id, config.AppTarget{Timeout: n.Timeout, Retry: n.Retry, CircuitBreaker: n.CircuitBreaker, CircuitBreakerCacheSize: size(p)})
		p.rest(nil)
	}
	apps.rest(map[string]advice{})
	components := targets.below("components")
	for _, name := range keysOf(components.fields) {
		pubSub := slices.ContainsFunc(c.stack.PubSubs, func(p config.PubSub) bool { return p.Name == name })
		if !pubSub && !slices.ContainsFunc(c.stack.StateStores, func(s config.StateStore) bool { return s.Name == name }) {
			continue // reported as left
		}
		p := components.below(name)
		inbound, outbound := p.below("inbound"), p.below("outbound")
		if pubSub {
			inbound.drop("retry", "timeout") // keys of the pub/sub
		}
		target := config.ComponentTarget{Outbound: names(outbound), Inbound: names(inbound)}
		if target != (config.ComponentTarget{}) {
			enter(&t.Components, name, target)
		}
		inbound.rest(nil)
		outbound.rest(nil)
		p.rest(nil)
	}
	components.rest(nil)
	actors := targets.below("actors")
	for _, name := range keysOf(actors.fields) {
		p := actors.below(name)
		n := names(p)
		scope := p.text("circuitBreakerScope")
		if rules.BreakerScope(scope, n.CircuitBreaker != "") != nil {
			scope, n.CircuitBreaker = "", "" // Dapr reads none of the object then
		}
		enter(&t.Actors, name, config.ActorTarget{
			Timeout: n.Timeout, Retry: n.Retry, CircuitBreaker: n.CircuitBreaker, CircuitBreakerScope: scope, CircuitBreakerCacheSize: size(p),
		})
		p.rest(nil)
	}
}

// named takes over a policy that is used, and returns its name: another one if a
// pub/sub has the same, "" if there is no such policy.
func (c *converter) named(policies part, kind, name string) string {
	value, there := policies.peek(kind).fields[name]
	if !there {
		return ""
	}
	own, p := name, policies.peek(kind).peek(name)
	lost := func() string {
		policies.lose(kind+"."+name, value, advice{"Dapr cannot read this policy, or ignores it", "correct it, and name it in resiliency"})
		return ""
	}
	if slices.ContainsFunc(c.stack.PubSubs, func(p config.PubSub) bool { return p.Name == name }) {
		own += "-calls"
	}
	all := &c.stack.Resiliency.Policies
	span := func(key string) *config.Duration {
		d, _ := spanOf(p.fields[key])
		p.drop(key)
		return d
	}
	good := func(reasons []rules.Reason) bool { return len(reasons) == 0 }
	number := func(key string) *int {
		if n, ok := p.number(key); ok {
			return &n
		}
		return nil
	}
	switch kind {
	case "timeouts":
		d, ok := spanOf(value)
		if !ok || !good(rules.ResiliencyPolicy(rules.TimeoutPolicy, name)) {
			return lost()
		}
		enter(&all.Timeouts, own, *d)
		return own
	case "retries":
		retry := config.RetryPolicy{
			Policy: cmp.Or(strings.ToLower(p.text("policy")), "constant"), Duration: span("duration"), MaxInterval: span("maxInterval"), MaxRetries: number("maxRetries"),
		}
		if retry.MaxRetries == nil {
			retry.MaxRetries = new(-1) // as Dapr does
		}
		if retry.Policy == "exponential" {
			retry.Duration = nil // Dapr ignores it
		} else {
			retry.MaxInterval = nil
		}
		matching := p.below("matching")
		http, grpc := matching.text("httpStatusCodes"), matching.text("gRPCStatusCodes")
		retry.Matching = config.Matching{HTTPStatusCodes: http, GRPCStatusCodes: grpc}
		if !good(rules.BackOff(retry.Policy)) || !good(rules.RetryTimes(name, *retry.MaxRetries)) || !good(rules.ResiliencyPolicy(rules.RetriesPolicy, name)) ||
			http != "" && !good(rules.StatusCodes(http, false)) || grpc != "" && !good(rules.StatusCodes(grpc, true)) {
			return lost()
		}
		enter(&all.Retries, own, retry)
		matching.rest(nil)
	default:
		breaker := config.CircuitBreaker{MaxRequests: number("maxRequests"), Interval: span("interval"), Timeout: span("timeout"), Trip: p.text("trip")}
		if breaker.MaxRequests != nil && *breaker.MaxRequests < 1 {
			breaker.MaxRequests = nil // Dapr's default
		}
		if breaker.Trip != "" && !good(rules.Trip(breaker.Trip)) || !good(rules.ResiliencyPolicy(rules.CircuitBreakerPolicy, name)) {
			return lost()
		}
		enter(&all.CircuitBreakers, own, breaker)
	}
	p.rest(nil)
	return own
}

// enter sets an entry of a map that may not be there yet.
func enter[V any](m *map[string]V, key string, value V) {
	if *m == nil {
		*m = map[string]V{}
	}
	(*m)[key] = value
}

// spanOf returns a duration of a policy; a bare number is one of milliseconds.
func spanOf(v any) (*config.Duration, bool) {
	text := textOf(v)
	if n, err := strconv.ParseInt(text, 10, 64); err == nil {
		return &config.Duration{Duration: time.Duration(n) * time.Millisecond}, n > 0
	}
	d, err := time.ParseDuration(text)
	if err != nil || d <= 0 {
		return nil, false
	}
	return &config.Duration{Duration: d}, true
}

// budget makes the time after which an event is delivered again longer than its
// handling takes, without which events are handled twice.
func (c *converter) budget(p *config.PubSub) {
	given := p.ProcessingTimeout
	if given == nil {
		return
	}
	full := &config.Stack{PubSubs: []config.PubSub{*p}, Events: c.stack.Events}
	config.Default(full)
	if full.Unacknowledged(full.PubSubs[0]) < given.Duration {
		return
	}
	p.ProcessingTimeout = nil // the stack's own is long enough
	c.note(Note{Differs, c.origin["pubSubs/"+p.Name], "spec.metadata[processingTimeout]", given.String(),
		"an event would be delivered again while its retries go on, or while it waits for them; the stack waits longer",
		"or lower maxRetries, retryInterval, handlerTimeout or queueDepth of the pub/sub"})
}

// peek returns a mapping below without taking it: several targets may name it.
func (p part) peek(key string) part {
	m, _ := copied(p.fields[key]).(map[string]any)
	if m == nil {
		m = map[string]any{}
	}
	return part{p.c, p.object, p.at(key), m}
}

func (c *converter) retry(policy part, p *config.PubSub) {
	if name := strings.ToLower(policy.text("policy")); name != "" {
		p.RetryPolicy = name
	}
	wait := "duration"
	if p.RetryPolicy == "exponential" {
		wait = "maxInterval"
	}
	if d, err := time.ParseDuration(policy.text(wait)); err == nil {
		p.RetryInterval = &config.Duration{Duration: d}
	}
	switch n, given := policy.number("maxRetries"); {
	case given && n < 0, !given && len(policy.fields) > 0:
		policy.lose("maxRetries", n, advice{"retries of a stack end, and what still fails is dead-lettered", "the stack's own value counts; set maxRetries of the pub/sub"})
	case given:
		p.MaxRetries = &n
	}
	policy.drop("duration", "maxInterval")
	policy.rest(nil)
}

// configurations takes over what the sidecars of the apps read.
func (c *converter) configurations() {
	byName := map[string]Object{}
	for _, o := range c.of("Configuration.dapr.io") {
		if o.Name() == "daprsystem" {
			continue
		}
		byName[o.Name()] = o
	}
	users := map[string][]string{}
	for _, a := range c.stack.Apps {
		name := c.configs[a.Sidecar.AppID]
		if _, there := byName[name]; !there && name != "" {
			c.note(Note{Lost, c.origin["apps/"+a.Name], "spec.template.metadata.annotations[dapr.io/config]", name, "there is no Configuration of this name", "its settings are not known"})
		}
		users[name] = append(users[name], a.Sidecar.AppID)
	}
	callers := map[string][]config.Caller{} // of the apps that refuse others
	for _, name := range keysOf(byName) {
		o := byName[name]
		p := c.part(o)
		p.metadata().rest(nil)
		if len(users[name]) == 0 {
			c.note(Note{Lost, p.object, "", "", "no app of the stack reads it", "leave it beside the stack"})
			continue
		}
		spec := p.below("spec")
		c.tracing(spec.below("tracing"))
		if allowed, denied := c.accessControl(spec.below("accessControl")); denied {
			for _, id := range users[name] {
				callers[id] = allowed
			}
		}
		c.features(spec)
		if mtls := spec.below("mtls"); mtls.fields["enabled"] == true {
			mtls.drop("enabled", "workloadCertTTL", "allowedClockSkew") // those of the control plane count
		}
		spec.rest(map[string]advice{
			"httpPipeline": {"the sidecars of a stack have no middleware", "leave the apps that need it beside the stack"},
			"secrets":      {"the sidecars of a stack read no secret stores of Kubernetes", "read Secrets with secretEnv"},
		})
		p.rest(nil)
		c.replaced = append(c.replaced, replacement{key: o.Key()})
	}
	c.configurationName()
	c.invocations(callers)
}

// configurationName takes over the name of Configurations that are those of a stack
// already, <name>.<app-id>.
func (c *converter) configurationName() {
	common := ""
	for id, name := range c.configs {
		prefix, ok := strings.CutSuffix(name, "."+id)
		if !ok || common != "" && prefix != common {
			return
		}
		common = prefix
	}
	c.stack.Dapr.Configuration.Name = common
}

func keysOf[V any](m map[string]V) (names []string) {
	for name := range m {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// features drops the switch that a stack turns off too.
func (c *converter) features(spec part) {
	list, _ := spec.fields["features"].([]any)
	spec.fields["features"] = slices.DeleteFunc(slices.Clone(list), func(v any) bool {
		return getText(v, "name") == "HotReload" && get(v, "enabled") == false
	})
}

func (c *converter) tracing(p part) {
	t := &c.stack.Dapr.Configuration.Tracing
	if rate := p.text("samplingRate"); rate != "" && rate != t.SamplingRate {
		if t.SamplingRate != "" {
			p.differ("samplingRate", rate, advice{"the sidecars of a stack have one rate, " + t.SamplingRate, ""})
		} else {
			t.SamplingRate = rate
		}
	}
	otel := p.below("otel")
	address, secure, protocol := otel.text("endpointAddress"), otel.take("isSecure"), otel.text("protocol")
	switch {
	case address == "":
	case secure == true || protocol != "grpc":
		otel.lose("endpointAddress", address, advice{"a stack sends spans over gRPC without TLS", "name the gRPC port of the collector in dapr.configuration.tracing.otel"})
	default:
		t.Otel = address
	}
	otel.rest(nil)
	p.drop("stdout")
	p.rest(map[string]advice{"zipkin": {"a stack sends spans as OTLP over gRPC", "name a collector in dapr.configuration.tracing.otel: most that take Zipkin's spans take OTLP too"}})
}

// accessControl returns the callers that a Configuration lets in, and reports false
// if it lets in everybody.
func (c *converter) accessControl(p part) (callers []config.Caller, denied bool) {
	if len(p.fields) == 0 {
		return nil, false
	}
	action := p.text("defaultAction")
	p.expect(map[string]any{"trustDomain": "public"})
	for _, policy := range p.items("policies") {
		caller := config.Caller{App: policy.text("appId"), Namespace: policy.text("namespace")}
		if caller.Namespace == c.namespace {
			caller.Namespace = ""
		}
		own := policy.text("defaultAction")
		policy.expect(map[string]any{"trustDomain": "public"})
		operations, denying := policy.operations()
		switch {
		case denying || own != "deny" && len(operations) > 0:
			policy.differ("operations", caller.App, advice{"a stack says what a caller may do, not what it may not, and this one may do all", "name the operations that it may call"})
			callers = append(callers, caller)
		case len(operations) > 0 || own != "deny":
			caller.Operations = operations
			callers = append(callers, caller)
		}
		policy.rest(nil)
	}
	p.rest(nil)
	return callers, action == "deny"
}

// operations returns what a policy allows, and whether it denies something.
func (p part) operations() (allowed []config.Operation, denies bool) {
	for _, item := range p.items("operations") {
		o := config.Operation{Path: "/" + strings.TrimPrefix(item.text("name"), "/")}
		if verbs := item.texts("httpVerb"); !slices.Contains(verbs, "*") {
			o.Verbs = verbs
		}
		allowed, denies = append(allowed, o), denies || item.text("action") != "allow"
		item.rest(nil)
	}
	return allowed, denies
}

// invocations writes who may call whom. If some apps refuse others, those that do
// not are called by all.
func (c *converter) invocations(callers map[string][]config.Caller) {
	for i := range c.stack.Apps {
		a := &c.stack.Apps[i]
		for _, target := range c.stack.Apps {
			id := target.Sidecar.AppID
			if a.Env[config.VariableName(target.Name)+"_URL"] == rules.InvokeURL(id) {
				a.Invokes = append(a.Invokes, id)
			}
		}
	}
	access := &c.stack.Dapr.Configuration.AccessControl
	if len(callers) == 0 {
		access.DefaultAction = "allow"
		c.note(Note{Differs, "Configuration", "spec.accessControl", "", "every app may call every other, and the stack goes on like that",
			"write into invokes who calls whom, and take out accessControl.defaultAction: callers that no invokes names are refused then"})
		return
	}
	for i := range c.stack.Apps {
		a := &c.stack.Apps[i]
		allowed, restricted := callers[a.Sidecar.AppID]
		if a.Port == 0 {
			continue // nobody can
		}
		if !restricted {
			c.note(Note{Differs, "app-id " + a.Sidecar.AppID, "spec.accessControl", "", "everybody may call it; in the stack all its other apps may", "leave it out of the invokes of those that do not call it"})
			for _, id := range c.appIDs() {
				allowed = append(allowed, config.Caller{App: id})
			}
		}
		for _, caller := range allowed {
			c.let(caller, a)
		}
	}
}

// let lets a caller invoke an app.
func (c *converter) let(caller config.Caller, target *config.App) {
	own, id := slices.Contains(c.appIDs(), caller.App), target.Sidecar.AppID
	if caller.Namespace == "" && !own {
		caller.Namespace = c.namespace // an app of nobody or of another stack
	}
	if caller.Namespace != "" || len(caller.Operations) > 0 {
		target.Callers = append(target.Callers, caller)
	}
	for i := range c.stack.Apps {
		a := &c.stack.Apps[i]
		if caller.Namespace == "" && a.Sidecar.AppID == caller.App && caller.App != id && !slices.Contains(a.Invokes, id) {
			a.Invokes = append(a.Invokes, id)
		}
	}
}
