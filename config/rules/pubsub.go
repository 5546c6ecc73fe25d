package rules

import (
	"math"
	"strings"
	"time"
)

// Retry decides how long one message may take: how often the handler is called
// again, how long each call may take, and how long the wait between two calls is.
type Retry struct {
	MaxRetries     int
	Wait           time.Duration // the longest wait between two calls
	HandlerTimeout time.Duration // of one call
}

// Budget returns the longest time that Dapr can spend on one message before it is
// dead-lettered, when every call times out and every wait is the longest. It
// returns the longest duration if the sum overflows.
func (r Retry) Budget() time.Duration {
	retries := float64(r.MaxRetries)
	if (retries+1)*float64(r.HandlerTimeout)+retries*float64(r.Wait) >= math.MaxInt64 {
		return math.MaxInt64
	}
	return time.Duration(r.MaxRetries+1)*r.HandlerTimeout + time.Duration(r.MaxRetries)*r.Wait
}

// Queue is what a sidecar takes from Redis before it has handled it.
type Queue struct {
	Depth       int // how many events it takes at a time, and keeps waiting
	Concurrency int // how many it hands to the app at a time
	Topics      int // to how many topics of the pub/sub an app subscribes
}

// Wait returns the longest time that an event waits in the sidecar when every event
// takes its whole budget: behind those that wait in the queue, and those that the
// reading of new and of unacknowledged events of each topic has in hand
// (components-contrib v1.18.3, pubsub/redis/redis.go).
func (q Queue) Wait(budget time.Duration) time.Duration {
	before := float64(q.Depth) * (1 + 2*float64(max(q.Topics, 1)))
	rounds := math.Ceil(before / float64(max(q.Concurrency, 1)))
	if rounds*float64(budget) >= math.MaxInt64 {
		return math.MaxInt64
	}
	return time.Duration(rounds) * budget
}

// Unacknowledged returns the longest time between the moment when a sidecar takes an
// event and the end of its handling. Redis counts it as one.
func Unacknowledged(r Retry, q Queue) time.Duration {
	budget := r.Budget()
	wait := q.Wait(budget)
	if budget > math.MaxInt64-wait {
		return math.MaxInt64
	}
	return wait + budget
}

// namespaced is replaced by Dapr with {namespace}.{app-id}. Anywhere in the metadata
// of a pub/sub, it also makes Dapr put the namespace before every topic, without
// anything between them (dapr v1.18.2, pkg/runtime/meta and processor/pubsub).
const namespaced = "{namespace}"

// NamespacedConsumer returns the consumerID with which Dapr keeps the topics and the
// consumer groups of a namespace apart from those of others on the same Redis. Its
// literal part, which may be empty, comes behind the app-id.
func NamespacedConsumer(literal string) string {
	if literal == "" {
		return namespaced
	}
	return namespaced + "." + literal
}

// ConsumerGroup returns the consumer group that a consumerID means for an app.
func ConsumerGroup(consumerID, namespace, appID string) string {
	return strings.ReplaceAll(consumerID, namespaced, namespace+"."+appID)
}

// PerApp reports whether a consumerID is another one for each app.
func PerApp(consumerID string) bool { return strings.Contains(consumerID, namespaced) }

// ConsumerID checks that a literal consumer id is not shared: it is the name
// of the Redis consumer group, so two apps with the same one compete for the
// messages. Without it each app's own app-id is used, which is unique.
func ConsumerID(id string, subscribers int) []Reason {
	if id == "" || subscribers <= 1 || PerApp(id) {
		return nil
	}
	return because("Q-01", "must be left out: the %d subscribing apps would compete for the messages; "+
		"without it each app's group is its app-id", subscribers)
}

// RedeliverInterval checks the interval at which Dapr looks for unacknowledged
// messages, at least 1ms.
func RedeliverInterval(d time.Duration) []Reason { return positive("Q-02", d) }

// ProcessingTimeout checks the time after which an unacknowledged message is
// delivered again, at least 1ms.
func ProcessingTimeout(d time.Duration) []Reason { return positive("Q-04", d) }

// MaxRetries checks how many times a failing handler is called again.
func MaxRetries(n int) []Reason {
	if n < 0 {
		return because("Q-03", "must be 0 or more")
	}
	return nil
}

// RetryBudget checks that a message is either handled or dead-lettered before Redis
// offers it again, the time in the queue of the sidecar included.
func RetryBudget(r Retry, q Queue, processingTimeout time.Duration) []Reason {
	if r.MaxRetries < 0 || r.Wait < 0 || r.HandlerTimeout < 0 || processingTimeout <= 0 {
		return nil // the rules of these values report it
	}
	if longest := Unacknowledged(r, q); longest >= processingTimeout {
		return because("Q-04", "must be longer than %s, or messages are handled twice: a retry budget of %s "+
			"((maxRetries + 1) × handlerTimeout + maxRetries × longest wait), after as much as %s in the queue of the sidecar "+
			"(queueDepth × (1 + 2 × topics of the app) / concurrency budgets)", longest, r.Budget(), q.Wait(r.Budget()))
	}
	return nil
}

// QueueDepth checks how many events a sidecar takes at a time.
func QueueDepth(n int) []Reason { return atLeastOne("Q-04", n) }

// PubSubConcurrency checks how many events a sidecar hands to the app at a time.
func PubSubConcurrency(n int) []Reason { return atLeastOne("Q-04", n) }

func atLeastOne(rule string, n int) []Reason {
	if n < 1 || n > math.MaxInt32 {
		return because(rule, "must be 1 or more, of 32 bits")
	}
	return nil
}

// RetryInterval checks the wait before a failing handler is called again, at
// least 1ms.
func RetryInterval(d time.Duration) []Reason { return positive("Q-03", d) }

// HandlerTimeout checks how long one call of a handler may take, at least
// 1ms.
func HandlerTimeout(d time.Duration) []Reason { return positive("Q-04", d) }

// RetryPolicies are the ways to wait between two calls.
var RetryPolicies = []string{"constant", "exponential"}

// RetryPolicy checks the name of a retry policy. Dapr would not retry at all
// with an unknown one.
func RetryPolicy(name string) []Reason { return oneOf("Q-03", name, RetryPolicies...) }

// MaxLenApprox checks the length that a stream is trimmed to. It cannot be
// combined with a streamTTL, because Dapr applies only one of them.
func MaxLenApprox(n int, withTTL bool) []Reason {
	switch {
	case n < 1:
		return because("Q-05", "must be 1 or more: a stream must not grow for ever")
	case withTTL:
		return because("Q-05", "must not be given together with streamTTL: Dapr applies only one of them")
	}
	return nil
}

// positive checks that a duration is at least a millisecond, which is the unit in
// which Dapr reads it.
func positive(rule string, d time.Duration) []Reason {
	if d < time.Millisecond {
		return because(rule, "must be a positive duration of at least 1ms")
	}
	return nil
}
