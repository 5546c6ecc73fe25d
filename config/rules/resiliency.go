package rules

import (
	"maps"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/google/cel-go/cel"
)

// PolicyKind is a kind of policy of a Resiliency, as its targets name it.
type PolicyKind string

// The kinds of policies.
const (
	TimeoutPolicy        PolicyKind = "timeout"
	RetriesPolicy        PolicyKind = "retry"
	CircuitBreakerPolicy PolicyKind = "circuitBreaker"
)

// builtInRetries are retries that Dapr has itself and that a policy of that name
// replaces (pkg/resiliency); false for one that nothing replaces.
var builtInRetries = map[string]bool{
	"DaprBuiltInServiceRetries": true, "DaprBuiltInActorRetries": true, "DaprBuiltInActorReminderRetries": true,
	"DaprBuiltInInitializationRetries": true, "DaprBuiltInActorNotFoundRetries": false,
}

// defaultPolicies are the names with which a policy is that of all targets of a kind
// that have none of their own, without Retry-, Timeout- or CircuitBreakerPolicy.
var defaultPolicies = func() (names []string) {
	names = []string{"Default", "DefaultApp", "DefaultActor", "DefaultComponent", "DefaultComponentInbound", "DefaultComponentOutbound"}
	for _, kind := range []string{"Binding", "Configuration", "Lock", "Pubsub", "Crypto", "Conversation", "Secretstore", "Statestore"} {
		names = append(names, "Default"+kind+"ComponentInbound", "Default"+kind+"ComponentOutbound")
	}
	return names
}()

// ResiliencyPolicy checks the name of a policy: one that looks like a name of
// Dapr's own has to be it.
func ResiliencyPolicy(kind PolicyKind, name string) []Reason {
	suffix := map[PolicyKind]string{TimeoutPolicy: "TimeoutPolicy", RetriesPolicy: "RetryPolicy", CircuitBreakerPolicy: "CircuitBreakerPolicy"}[kind]
	switch replaced, builtIn := builtInRetries[name]; {
	case name == "":
		return because("R-01", "must have a name")
	case builtIn && kind != RetriesPolicy, builtIn && !replaced:
		return because("R-01", "must have another name: Dapr ignores a policy of this one here")
	case builtIn:
		return nil
	case strings.HasPrefix(name, "DaprBuiltIn"):
		return misnamed(name, slices.Collect(maps.Keys(builtInRetries)))
	case !strings.HasPrefix(name, "Default") || !strings.HasSuffix(name, "Policy"):
		return nil
	}
	known := make([]string, len(defaultPolicies))
	for i, prefix := range defaultPolicies {
		known[i] = prefix + suffix
	}
	if slices.Contains(known, name) {
		return nil
	}
	return misnamed(name, known)
}

func misnamed(name string, known []string) []Reason {
	if near := Nearest(name, known); near != "" {
		return because("R-01", "must be a name that Dapr knows, or unlike them; did you mean %q?", near)
	}
	return because("R-01", "must be a name that Dapr knows, or unlike them")
}

// NeedsNoTarget reports whether Dapr uses a policy of that name without a target that
// names it.
func NeedsNoTarget(name string) bool {
	return strings.HasPrefix(name, "Default") && strings.HasSuffix(name, "Policy") || builtInRetries[name]
}

// PolicySpan checks a duration of a policy as an object has it: a Go duration,
// or a number of milliseconds.
func PolicySpan(text string) []Reason {
	_, err := time.ParseDuration(text)
	if _, number := strconv.ParseInt(text, 10, 64); err != nil && number != nil {
		return because("R-01", "must be a duration with its unit, such as 5s: Dapr reads no policy of the object otherwise")
	}
	return nil
}

// BackOff checks how a policy waits.
func BackOff(policy string) []Reason { return oneOf("R-01", policy, RetryPolicies...) }

// RetryTimes checks how often a policy calls again.
func RetryTimes(name string, n int) []Reason {
	switch {
	case n < -1:
		return because("R-01", "must be 0 or more, or -1 to go on until it works")
	case builtInRetries[name] && n < 3:
		return because("R-01", "must be 3 or more in a policy that replaces one of Dapr's: it takes less for 3")
	}
	return nil
}

// RetryWaits checks that a policy has the wait that it uses, and no other.
func RetryWaits(policy string, duration, maxInterval bool) []Reason {
	switch {
	case policy == "exponential" && duration:
		return because("R-01", "must be left out with an exponential policy, which has maxInterval")
	case policy != "exponential" && maxInterval:
		return because("R-01", "must be left out with a constant policy, which has duration")
	}
	return nil
}

// StatusCodes checks a list of status codes for which Dapr calls again, such as
// "429,502-504": those of HTTP, or those of gRPC.
func StatusCodes(codes string, grpc bool) []Reason {
	least, most, kind := 100, 599, "HTTP"
	if grpc {
		least, most, kind = 0, 16, "gRPC"
	}
	for code := range strings.SplitSeq(codes, ",") {
		first, last, isRange := strings.Cut(code, "-")
		from, err1 := strconv.Atoi(first)
		to, err2 := from, error(nil)
		if isRange {
			to, err2 = strconv.Atoi(last)
		}
		if err1 != nil || err2 != nil || from < least || to > most || from > to {
			return because("R-01", "must be %s status codes, %d–%d, or ranges of them, separated by commas without spaces", kind, least, most)
		}
	}
	return nil
}

// tripVariables are the counts of a circuit breaker.
var tripVariables = []string{"requests", "totalSuccesses", "totalFailures", "consecutiveSuccesses", "consecutiveFailures"}

// tripEnv is what such an expression may refer to. It takes a while to make.
var tripEnv = sync.OnceValues(func() (*cel.Env, error) {
	options := make([]cel.EnvOption, len(tripVariables))
	for i, name := range tripVariables {
		options[i] = cel.Variable(name, cel.IntType)
	}
	return cel.NewEnv(options...)
})

// Trip checks the expression with which a circuit breaker opens. One that Dapr
// cannot evaluate never opens it, without a word.
func Trip(expression string) []Reason {
	return condition("R-01", expression, strings.Join(tripVariables, ", "), tripEnv)
}

// condition checks an expression in CEL that is true or false.
func condition(rule, expression, variables string, env func() (*cel.Env, error)) []Reason {
	e, err := env()
	if err != nil {
		return because(rule, "cannot be checked: %s", err)
	}
	ast, issues := e.Compile(expression)
	if issues != nil && len(issues.Errors()) > 0 {
		return because(rule, "must be a CEL expression of %s: %s", variables, issues.Errors()[0].Message)
	}
	if t := ast.OutputType(); !t.IsExactType(cel.BoolType) && !t.IsExactType(cel.DynType) {
		return because(rule, "must be a CEL expression that is true or false, and not %s", t)
	}
	return nil
}

// ActorScopes are what a circuit breaker of actors counts for: all actors of a type, or
// each by itself.
var ActorScopes = []string{"type", "id"}

// BreakerScope checks what a circuit breaker of actors counts for. Dapr reads
// no policy of the object if it is missing.
func BreakerScope(scope string, breaks bool) []Reason {
	switch {
	case breaks && !slices.Contains(ActorScopes, scope):
		return because("R-01", "must be one of %s with a circuit breaker", strings.Join(ActorScopes, ", "))
	case !breaks && scope != "":
		return because("R-01", "must be left out without a circuit breaker")
	}
	return nil
}

// WorstCase returns the longest time that a call may take, and false if nothing limits
// it: without a timeout, or with retries that never end. The waits of an exponential
// policy are up to half as long again as its longest interval.
func WorstCase(timeout time.Duration, r *Retry, exponential bool) (time.Duration, bool) {
	switch {
	case timeout <= 0, r != nil && r.MaxRetries < 0:
		return 0, false
	case r == nil:
		return timeout, true
	}
	wait := r.Wait
	if exponential {
		wait += wait / 2
	}
	return Retry{MaxRetries: r.MaxRetries, Wait: wait, HandlerTimeout: timeout}.Budget(), true
}
