package config

import (
	"maps"
	"slices"
	"strings"

	"github.com/daprstack/daprstack/config/rules"
	"k8s.io/apimachinery/pkg/util/validation/field"
)

// Warnings returns what is allowed but probably not meant, sorted like errors:
// parts of the stack that nothing refers to, Secrets that cannot exist when
// the stack comes up (T-07), and what goes wrong with an external Redis.
func Warnings(s *Stack) []Violation {
	w := &warner{stack: s, lookup: newLookup(s)}
	w.components()
	w.apps()
	w.jobs()
	w.resiliency()
	w.externalRedis()
	w.hardening()
	if *s.CreateNamespace {
		w.secrets()
	}
	return w.sorted()
}

type warner struct {
	collector
	lookup
	stack *Stack
}

func (w *warner) warn(rule string, path *field.Path, value any, text string) {
	w.add(path, value, rules.Reason{Rule: rule, Allowed: text})
}

// components finds pub/subs, scopes and events that nobody uses.
func (w *warner) components() {
	outboxes := rules.Names{}
	for _, store := range w.stack.StateStores {
		outboxes[store.Metadata["outboxPubsub"]] = true
	}
	for i, p := range w.stack.PubSubs {
		path, events := root("pubSubs").Index(i), w.catalogue[p.Name]
		if len(events) == 0 {
			if !outboxes[p.Name] {
				w.warn("X-01", path, p.Name, "carries no event of the catalogue")
			}
			continue
		}
		users := maps.Clone(w.subscribers[p.Name])
		for _, e := range events {
			for _, app := range e.Publishers {
				users[app] = true
			}
		}
		for j, app := range p.Scopes {
			if !users[app] {
				w.warn("X-01", path.Child("scopes").Index(j), app, "publishes and takes no event of this pub/sub")
			}
		}
	}
	for i, e := range w.stack.Events {
		if len(e.Subscribers) == 0 {
			w.warn("X-01", root("events").Index(i).Child("subscribers"), nil, "is empty: nobody takes this event")
		}
	}
}

// apps finds apps with a sidecar that no scope and no invocation involves.
func (w *warner) apps() {
	involved := rules.Names{}
	involve := func(ids ...string) {
		for _, id := range ids {
			involved[id] = true
		}
	}
	for _, store := range w.stack.StateStores {
		involve(store.Scopes...)
	}
	for _, p := range w.stack.PubSubs {
		involve(p.Scopes...)
	}
	for _, a := range w.stack.Apps {
		involve(a.Invokes...)
	}
	for i, a := range w.stack.Apps {
		if a.Sidecar != nil && len(a.Invokes) == 0 && !involved[a.Sidecar.AppID] {
			w.warn("X-01", root("apps").Index(i).Child("sidecar", "appId"), a.Sidecar.AppID, "no scope and no invocation involves this app")
		}
	}
}

// resiliency finds policies that do something else than what they seem to.
func (w *warner) resiliency() {
	path, r := root("resiliency"), w.stack.Resiliency
	used := map[string]bool{}
	use := func(names ...string) {
		for _, name := range names {
			used[name] = true
		}
	}
	for _, id := range slices.Sorted(maps.Keys(r.Targets.Apps)) {
		at, t := child(path.Child("targets", "apps"), id), r.Targets.Apps[id]
		use(t.Timeout, t.Retry, t.CircuitBreaker)
		policy, known := r.Policies.Retries[t.Retry]
		switch {
		case t.Retry == "":
			w.warn("R-01", at.Child("retry"), nil, "is left out: with another policy for the app, Dapr's own retries of calls that did not arrive are off")
		case known && policy.Matching.HTTPStatusCodes == "" && *policy.MaxRetries != 0:
			w.warn("R-01", at.Child("retry"), t.Retry, "repeats every call with an answer other than 2xx and 3xx, also those that are not idempotent; "+
				"name the codes that mean that nothing was done, as in matching.httpStatusCodes: 429,503")
		}
	}
	for _, name := range slices.Sorted(maps.Keys(r.Targets.Components)) {
		at, t := child(path.Child("targets", "components"), name), r.Targets.Components[name]
		use(t.Inbound.Timeout, t.Inbound.Retry, t.Inbound.CircuitBreaker, t.Outbound.Timeout, t.Outbound.Retry, t.Outbound.CircuitBreaker)
		if _, pubSub := w.scopes[name]; pubSub && t.Inbound.CircuitBreaker != "" {
			w.warn("R-01", at.Child("inbound", "circuitBreaker"), t.Inbound.CircuitBreaker, "sends every event that comes while it is open to the dead letters")
		}
	}
	for _, t := range r.Targets.Actors {
		use(t.Timeout, t.Retry, t.CircuitBreaker)
	}
	for kind, names := range map[string]rules.Names{
		"timeouts": keysIn(r.Policies.Timeouts), "retries": keysIn(r.Policies.Retries), "circuitBreakers": keysIn(r.Policies.CircuitBreakers),
	} {
		for name := range names {
			if !used[name] && !rules.NeedsNoTarget(name) {
				w.warn("X-01", child(path.Child("policies", kind), name), name, "is used by no target")
			}
		}
	}
	for name, policy := range r.Policies.Retries {
		if *policy.MaxRetries < 0 {
			w.warn("R-01", child(path.Child("policies", "retries"), name).Child("maxRetries"), *policy.MaxRetries, "never gives up: what cannot work keeps its caller waiting")
		}
	}
}

// externalRedis finds addresses that are reached with TLS only (T-08), and what
// Dapr keeps under the same keys in every namespace.
func (w *warner) externalRedis() {
	e := w.stack.Redis.External
	if e == nil {
		return
	}
	for address := range strings.SplitSeq(e.Host, ",") {
		if service := rules.TLSOnly(address); service != "" && !e.EnableTLS {
			w.warn("T-08", root("redis").Child("external", "enableTLS"), nil,
				"is false, but "+address+" looks like "+service+", which is reached with TLS only")
			break
		}
	}
	if e.EnableTLS && !rules.VerifiesRedis(w.stack.Dapr.Version) {
		w.warn("T-08", root("redis").Child("external", "enableTLS"), nil,
			"encrypts, but Dapr "+w.stack.Dapr.Version+" does not verify the certificate of Redis; 1.18 does")
	}
	if !w.stack.Apart() || e.Database != 0 {
		return
	}
	for i, store := range w.stack.StateStores {
		path := root("stateStores").Index(i).Child("metadata")
		if store.Metadata["actorStateStore"] == "true" {
			w.warn("", path.Child("actorStateStore"), nil, "Dapr puts no namespace before the keys of actors: "+
				"stacks with the same app-ids on this Redis have them in common; give each a redis.external.database of its own")
		}
		if store.Metadata["queryIndexes"] != "" {
			w.warn("", path.Child("queryIndexes"), nil, "an index of Redis covers the entries of every stack on it")
		}
	}
}

// secrets finds references to Secrets in a namespace that does not exist yet:
// the pods wait until somebody creates them.
func (w *warner) secrets() {
	const text = "cannot be in the namespace before the stack makes it; its pods wait for this Secret"
	for i, name := range w.stack.ImagePullSecrets {
		w.warn("T-07", root("imagePullSecrets").Index(i), name, text)
	}
	for i, a := range w.stack.Apps {
		for _, name := range slices.Sorted(maps.Keys(a.SecretEnv)) {
			w.warn("T-07", child(root("apps").Index(i).Child("secretEnv"), name), a.SecretEnv[name].Name, text)
		}
		for _, name := range slices.Sorted(maps.Keys(a.ConfigEnv)) {
			w.warn("A-05", child(root("apps").Index(i).Child("configEnv"), name), a.ConfigEnv[name].Name, notYet("ConfigMap"))
		}
		if a.Account.Name != "" {
			w.warn("A-05", root("apps").Index(i).Child("serviceAccount", "name"), a.Account.Name, notYet("ServiceAccount"))
		}
		w.sources(root("apps").Index(i), a)
		if a.Sidecar != nil {
			w.sidecarSecrets(root("apps").Index(i).Child("sidecar"), a.Sidecar, text)
		}
	}
}

func notYet(kind string) string {
	return "cannot be in the namespace before the stack makes it; its pods wait for this " + kind
}

// sources finds volumes and variables from objects of a namespace that does not exist
// yet.
func (w *warner) sources(path *field.Path, a App) {
	for i, m := range a.Volumes {
		at := path.Child("volumes").Index(i)
		for _, of := range []struct{ source, name, kind string }{
			{"configMap", "name", "ConfigMap"}, {"secret", "secretName", "Secret"}, {"persistentVolumeClaim", "claimName", "PersistentVolumeClaim"},
		} {
			if source, _ := entriesOf(m[of.source]); source[of.name] != nil && source["optional"] != true {
				w.warn("A-05", at.Child(of.source, of.name), source[of.name], notYet(of.kind))
			}
		}
	}
	for i, m := range a.EnvFrom {
		for source, kind := range map[string]string{"configMapRef": "ConfigMap", "secretRef": "Secret"} {
			if ref, _ := entriesOf(m[source]); ref["name"] != nil && ref["optional"] != true {
				w.warn("A-05", path.Child("envFrom").Index(i).Child(source, "name"), ref["name"], notYet(kind))
			}
		}
	}
}

func (w *warner) sidecarSecrets(path *field.Path, s *Sidecar, text string) {
	named := s.Options.Secrets()
	for _, key := range slices.Sorted(maps.Keys(named)) {
		for _, name := range named[key] {
			w.warn("T-07", optionPath(path, key), name, text)
		}
	}
	for _, volume := range slices.Sorted(maps.Keys(s.SecretVolumes)) {
		w.warn("T-07", child(path.Child("secretVolumes"), volume), s.SecretVolumes[volume], text)
	}
}
