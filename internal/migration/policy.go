package migration

import (
	"slices"
	"strings"
	"time"

	"github.com/daprstack/daprstack/config"
	"github.com/daprstack/daprstack/config/rules"
)

// resiliency takes over how events are delivered.
func (c *converter) resiliency() {
	for _, o := range c.of("Resiliency.dapr.io") {
		p := c.part(o)
		p.metadata().rest(nil)
		spec := p.below("spec")
		policies := spec.below("policies")
		retries, timeouts := policies.below("retries"), policies.below("timeouts")
		components := spec.below("targets").below("components")
		taken, left := 0, 0
		for i := range c.stack.PubSubs {
			pubSub := &c.stack.PubSubs[i]
			target := components.below(pubSub.Name)
			inbound := target.below("inbound")
			if name := inbound.text("retry"); name != "" {
				c.retry(retries.peek(name), pubSub)
				taken++
			}
			if name := inbound.text("timeout"); name != "" {
				if d, err := time.ParseDuration(textOf(timeouts.fields[name])); err == nil {
					pubSub.HandlerTimeout = &config.Duration{Duration: d}
				}
				taken++
			}
			inbound.rest(map[string]advice{"circuitBreaker": {"the deliveries of a stack have retries and timeouts", ""}})
			left += len(inbound.fields) + len(target.fields)
			target.rest(nil)
		}
		all := get(o.Fields, "spec", "targets")
		others := len(components.fields) + left
		for _, kind := range []string{"apps", "actors"} {
			if m, _ := get(all, kind).(map[string]any); len(m) > 0 {
				others++
			}
		}
		switch {
		case others > 0 && taken > 0:
			p.lose("spec.targets", all, advice{"a stack has retries and timeouts for the delivery of events only", "leave the object beside the stack, without targets.components of its pub/subs"})
		case others > 0:
			p.lose("spec.targets", all, advice{"a stack has retries and timeouts for the delivery of events only", "leave the object beside the stack: it goes on working"})
		case taken > 0:
			c.replaced = append(c.replaced, replacement{key: o.Key()})
		}
	}
	for i := range c.stack.PubSubs {
		c.budget(&c.stack.PubSubs[i])
	}
}

// budget makes the time after which an event is delivered again longer than the
// retries take, without which events are handled twice.
func (c *converter) budget(p *config.PubSub) {
	full := &config.Stack{PubSubs: []config.PubSub{*p}}
	config.Default(full)
	d := full.PubSubs[0]
	retry := rules.Retry{MaxRetries: *d.MaxRetries, Wait: d.RetryInterval.Duration, HandlerTimeout: d.HandlerTimeout.Duration}
	if rules.RetryBudget(retry, d.ProcessingTimeout.Duration) == nil {
		return
	}
	p.ProcessingTimeout = &config.Duration{Duration: (retry.Budget() + time.Minute).Truncate(time.Minute)}
	c.note(Note{Differs, c.origin["pubSubs/"+p.Name], "spec.metadata[processingTimeout]", d.ProcessingTimeout.String(),
		"an event would be delivered again while its retries go on; the stack waits longer", "or lower maxRetries, retryInterval or handlerTimeout of the pub/sub"})
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
	callers := map[string][]string{} // of the apps that refuse others
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

func keysOf(m map[string]Object) (names []string) {
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

// accessControl returns the app-ids that a Configuration lets in, and reports false
// if it lets in everybody.
func (c *converter) accessControl(p part) (callers []string, denied bool) {
	if len(p.fields) == 0 {
		return nil, false
	}
	action := p.text("defaultAction")
	p.expect(map[string]any{"trustDomain": "public"})
	for _, policy := range p.items("policies") {
		id := policy.text("appId")
		namespace, own := policy.text("namespace"), policy.text("defaultAction")
		policy.expect(map[string]any{"trustDomain": "public"})
		switch operations := policy.items("operations"); {
		case namespace != "" && namespace != c.namespace:
			policy.lose("namespace", namespace, advice{"the callers of an app are apps of the stack", ""})
		case len(operations) > 0:
			policy.differ("operations", id, advice{"a stack lets an app call every path or none, and this one may call all", "let the app itself refuse what it must"})
			callers = append(callers, id)
		case own != "deny":
			callers = append(callers, id)
		}
		policy.rest(nil)
	}
	p.rest(nil)
	return callers, action == "deny"
}

// invocations writes who may call whom. If some apps refuse others, those that do
// not are called by all.
func (c *converter) invocations(callers map[string][]string) {
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
		for _, target := range c.stack.Apps {
			id := target.Sidecar.AppID
			allowed, restricted := callers[id]
			if target.Port != 0 && id != a.Sidecar.AppID && !slices.Contains(a.Invokes, id) && (!restricted || slices.Contains(allowed, a.Sidecar.AppID)) {
				a.Invokes = append(a.Invokes, id)
			}
		}
	}
	for _, target := range c.stack.Apps {
		id := target.Sidecar.AppID
		if _, restricted := callers[id]; !restricted && target.Port != 0 {
			c.note(Note{Differs, "app-id " + id, "spec.accessControl", "", "everybody may call it; in the stack all its other apps may", "leave it out of the invokes of those that do not call it"})
		}
		for _, caller := range callers[id] {
			if !slices.Contains(c.appIDs(), caller) {
				c.note(Note{Lost, "app-id " + id, "spec.accessControl.policies", caller, "this caller is no app of the stack", ""})
			}
		}
	}
}
