package settings

import (
	"slices"
	"strings"

	"github.com/daprstack/daprstack/config/rules"
)

// Policy is the policy of one rule.
type Policy struct {
	Rule string // the number of the rule
	Name string // in policy configuration and in the engine's output: s-01-app-id
	Fix  string // what to do about a violation
	// Lint is the level that daprstack lint gives a violation by default.
	Lint Level
	// Together means that the rule is also about references between objects,
	// which are checked when the whole stack is known.
	Together bool
}

// Level says how grave a finding of daprstack lint is.
type Level string

// The levels, gravest first.
const (
	Error   Level = "error"   // it cannot work, or not as it is written
	Warning Level = "warning" // it works, but more is allowed or less is certain than one would think
	Note    Level = "note"    // a convention
	Off     Level = "off"     // not reported
)

// Levels lists the levels that a finding can have, gravest first.
var Levels = []Level{Error, Warning, Note}

// AtLeast reports whether a level is as grave as another one.
func (l Level) AtLeast(other Level) bool {
	at := slices.Index(Levels, l)
	return at >= 0 && at <= slices.Index(Levels, other)
}

// Description returns the statement of the rule.
func (p Policy) Description() string {
	r, _ := rules.Lookup(p.Rule)
	return r.Statement
}

// Policies lists the policies of all rules that the pack enforces.
var Policies = []Policy{
	policy("S-01", "app-id", "set the annotation dapr.io/app-id on the pod template, as in backend-app"),
	policy("S-02", "app-id-convention", "end the app-id in -app, or allow this one for the policy").lint(Note),
	policy("S-03", "app-id-unique", "give each workload an app-id of its own").together(),
	policy("S-04", "app-port", "set the annotation dapr.io/app-port to the port that the app listens on"),
	policy("S-05", "app-port-exposed", "list the port under ports of the container, or correct dapr.io/app-port").lint(Off),
	policy("S-06", "log-level", "correct the annotation dapr.io/log-level, or leave it out for info"),
	policy("S-08", "metrics-port", "move the annotation dapr.io/metrics-port or the container's port to a free one"),
	policy("S-09", "configuration", "correct the annotation dapr.io/config, or declare the Configuration in the namespace").together(),
	policy("S-10", "annotation-form", "write the annotation as text, in the form that Dapr reads"),
	policy("S-12", "sidecar-option", "correct the annotation as said, or take it out"),
	policy("T-01", "component-name", "set metadata.name, which applications use, to a name that no other component of the namespace has").together(),
	policy("T-02", "component-type", "use a type that Dapr has, or allow this one for the policy"),
	policy("T-03", "component-version", "set spec.version"),
	policy("T-06", "secret-reference", "put the value into a Secret and refer to it by secretKeyRef"),
	policy("T-09", "scopes", "list the app-ids that may use the component under scopes, at the top level of the object").together().lint(Warning),
	policy("T-10", "metadata", "correct the item as said, or take it out"),
	policy("Q-01", "consumer-id", "leave consumerID out: each app's group is then its app-id").together().lint(Warning),
	policy("E-02", "event-type", "name the topic after its event, as in task.created").lint(Note),
	policy("E-08", "event-route", "give the Subscription routes.default, or in dapr.io/v1alpha1 route"),
	policy("N-02", "key-prefix", "leave keyPrefix out, or correct it").lint(Note),
	policy("I-07", "operation", "correct the operation as said: a request that no operation covers is refused"),
	policy("R-01", "resiliency", "correct the policy as said"),
	policy("X-01", "reference", "correct the name, or declare what it refers to").together(),
	policy("X-06", "secret-namespace", "put the Secret into the namespace of the component").together(),
	policy("X-07", "field", "correct the field as said, or take it out"),
}

func policy(rule, what, fix string) Policy {
	return Policy{Rule: rule, Name: strings.ToLower(rule) + "-" + what, Fix: fix, Lint: Error}
}

func (p Policy) lint(l Level) Policy {
	p.Lint = l
	return p
}

func (p Policy) together() Policy {
	p.Together = true
	return p
}
