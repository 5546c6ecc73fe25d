package config

import (
	"maps"
	"slices"
	"strconv"

	"github.com/daprstack/daprstack/config/rules"
	"k8s.io/apimachinery/pkg/util/validation/field"
)

// component is what state stores and pub/subs have in common.
type component struct {
	path               *field.Path
	name, typ, version string
	kind               rules.Kind
	secret             bool // its metadata
	scopes             []string
	metadata           map[string]string
	secrets            map[string]SecretKey
}

func (v *validator) components() {
	var all []component
	for i, s := range v.stack.StateStores {
		all = append(all, component{root("stateStores").Index(i), s.Name, s.Type, s.Version, rules.StateStore, v.stack.IsSecret("stateStores"), s.Scopes, s.Metadata, s.SecretMetadata})
		v.keyPrefix(root("stateStores").Index(i).Child("metadata", "keyPrefix"), s)
		v.outbox(root("stateStores").Index(i), s)
	}
	for i, p := range v.stack.PubSubs {
		all = append(all, component{root("pubSubs").Index(i), p.Name, p.Type, p.Version, rules.PubSub, v.stack.IsSecret("pubSubs"), p.Scopes, p.Metadata, p.SecretMetadata})
		v.delivery(root("pubSubs").Index(i), p)
	}
	names := make([]string, len(all))
	for i, c := range all {
		names[i] = c.name
		v.component(c)
	}
	v.addEach(rules.Duplicates("T-01", names), names, func(i int) *field.Path { return all[i].path.Child("name") })
}

func (v *validator) component(c component) {
	v.add(c.path.Child("name"), c.name, rules.ComponentName(c.name))
	v.add(c.path.Child("type"), c.typ, rules.SupportedType(c.typ, rules.TypesOf(c.kind)...))
	v.add(c.path.Child("version"), c.version, rules.Version(c.version))
	v.add(c.path.Child("scopes"), nil, rules.Scopes(c.scopes))
	for i, app := range c.scopes {
		v.knownApp("T-09", c.path.Child("scopes").Index(i), app)
	}
	v.metadata(c)
}

// metadata checks the items of a component, each by itself and together with
// those that the stack derives from its Redis.
func (v *validator) metadata(c component) {
	typ := c.typ
	if rules.Metadata(typ) == nil {
		typ = rules.DefaultType(c.kind) // T-02 is reported
	}
	entries := v.redisMetadata()
	// What is wrong by itself, or with the stack's Redis, is not reported twice.
	reported := rules.MetadataTogether(typ, entries)
	for _, key := range slices.Sorted(maps.Keys(c.metadata)) {
		reasons := rules.StackMetadataItem(typ, key, c.metadata[key], c.secret)
		if e := v.stack.Redis.External; key == "redisDB" && e != nil && e.Database != 0 {
			v.form(child(c.path.Child("metadata"), key), nil, "must not be given together with redis.external.database", "redis.external")
		}
		v.add(child(c.path.Child("metadata"), key), nil, reasons)
		if reasons != nil {
			reported[key] = reasons
		}
		entries = append(entries, rules.MetadataEntry{Name: key, Value: c.metadata[key]})
	}
	for _, key := range slices.Sorted(maps.Keys(c.secrets)) {
		path := child(c.path.Child("secretMetadata"), key)
		reasons := rules.StackSecretItem(typ, key)
		v.add(path, nil, reasons)
		if reasons == nil {
			v.existingSecret(path, c.secrets[key])
		}
		entries = append(entries, rules.MetadataEntry{Name: key, From: rules.FromSecret})
	}
	for key, reasons := range rules.MetadataTogether(typ, entries) {
		if _, again := reported[key]; again {
			continue
		}
		kind := "metadata"
		if _, secret := c.secrets[key]; secret {
			kind = "secretMetadata"
		}
		v.add(child(c.path.Child(kind), key), nil, reasons,
			c.path.Child("metadata").String(), c.path.Child("secretMetadata").String(), "redis.external")
	}
}

// keyPrefix checks the prefix of the keys of a state store, as its Component has it
// (N-02).
func (v *validator) keyPrefix(path *field.Path, s StateStore) {
	prefix, given := s.Metadata["keyPrefix"]
	switch {
	case !given || rules.StackMetadataItem(rules.StateRedis, "keyPrefix", prefix, false) != nil: // T-10 reports it
	case v.stack.Apart() && prefix == "none":
		v.form(path, nil, "must not be none unless redis.external.shared is true: other stacks on this Redis would have the same keys",
			"redis.external")
	default:
		v.add(path, nil, rules.KeyPrefix(v.stack.KeyPrefix(s)), "redis.external", "namespace", path.String())
	}
}

// redisMetadata returns the items with which a component finds the stack's
// Redis.
func (v *validator) redisMetadata() []rules.MetadataEntry {
	password := rules.MetadataEntry{Name: "redisPassword", From: rules.FromSecret}
	e := v.stack.Redis.External
	if e == nil {
		return []rules.MetadataEntry{{Name: "enableTLS", Value: "false"}, password}
	}
	secret := func(name string) rules.MetadataEntry {
		return rules.MetadataEntry{Name: name, From: rules.FromSecret}
	}
	entries := []rules.MetadataEntry{
		{Name: "redisHost", Value: e.Host}, {Name: "enableTLS", Value: strconv.FormatBool(e.EnableTLS)},
	}
	if *e.Auth {
		entries = append(entries, password)
	}
	if e.Username != "" {
		entries = append(entries, rules.MetadataEntry{Name: "redisUsername", Value: e.Username})
	}
	if e.Cluster {
		entries = append(entries, rules.MetadataEntry{Name: "redisType", Value: "cluster"})
	}
	if e.Sentinel != nil {
		entries = append(entries, rules.MetadataEntry{Name: "failover", Value: "true"}, rules.MetadataEntry{Name: "sentinelMasterName"})
	}
	if e.ClientCert != "" || e.ClientCertSecret != "" {
		entries = append(entries, secret("clientCert"), secret("clientKey"))
	}
	return entries
}

// delivery checks how the events of a pub/sub are delivered.
func (v *validator) delivery(path *field.Path, p PubSub) {
	v.add(path.Child("consumerID"), p.ConsumerID, rules.NoTemplate("T-10", p.ConsumerID))
	v.add(path.Child("consumerID"), p.ConsumerID, rules.ConsumerID(p.ConsumerID, len(v.subscribers[p.Name])),
		"events[].pubSub", "events[].subscribers[].app")
	v.add(path.Child("redeliverInterval"), p.RedeliverInterval, rules.RedeliverInterval(p.RedeliverInterval.Duration))
	v.add(path.Child("processingTimeout"), p.ProcessingTimeout, rules.ProcessingTimeout(p.ProcessingTimeout.Duration))
	v.add(path.Child("maxRetries"), *p.MaxRetries, rules.MaxRetries(*p.MaxRetries))
	v.add(path.Child("retryInterval"), p.RetryInterval, rules.RetryInterval(p.RetryInterval.Duration))
	v.add(path.Child("handlerTimeout"), p.HandlerTimeout, rules.HandlerTimeout(p.HandlerTimeout.Duration))
	v.add(path.Child("retryPolicy"), p.RetryPolicy, rules.RetryPolicy(p.RetryPolicy))
	v.add(path.Child("queueDepth"), *p.QueueDepth, rules.QueueDepth(*p.QueueDepth))
	v.add(path.Child("concurrency"), *p.Concurrency, rules.PubSubConcurrency(*p.Concurrency))
	v.add(path.Child("processingTimeout"), p.ProcessingTimeout,
		rules.RetryBudget(p.retry(), p.queue(v.stack.topics(p.Name)), p.ProcessingTimeout.Duration),
		path.Child("maxRetries").String(), path.Child("retryInterval").String(), path.Child("handlerTimeout").String(),
		path.Child("queueDepth").String(), path.Child("concurrency").String(), "events[].pubSub", "events[].subscribers")
	if p.StreamTTL != nil {
		v.add(path.Child("streamTTL"), p.StreamTTL, rules.Retention(p.StreamTTL.Duration))
	}
	if p.MaxLenApprox != nil {
		v.add(path.Child("maxLenApprox"), *p.MaxLenApprox, rules.MaxLenApprox(*p.MaxLenApprox, p.StreamTTL != nil),
			path.Child("streamTTL").String())
	}
}

// outbox checks what the metadata of a state store refers to: with an outbox,
// the sidecars of its apps publish an event for each transaction, through an
// internal topic of Dapr.
func (v *validator) outbox(path *field.Path, s StateStore) {
	public, given := s.Metadata["outboxPublishPubsub"]
	if !given {
		return
	}
	at := func(key string) *field.Path { return path.Child("metadata", key) }
	scopes := path.Child("scopes").String()
	v.outboxPubSub(at("outboxPublishPubsub"), s, public)
	internal, given := s.Metadata["outboxPubsub"]
	if given {
		v.outboxPubSub(at("outboxPubsub"), s, internal)
	} else {
		internal = public
	}
	v.add(at("outboxPubsub"), nil, rules.OutboxInternal(len(v.catalogue[internal])), "events[].pubSub", "pubSubs[].name")
	if topic, given := s.Metadata["outboxPublishTopic"]; given && v.pubSubs[public] {
		var publishers rules.Names
		if e, ok := v.catalogue[public][topic]; ok {
			publishers = rules.NamesOf(e.Publishers...)
		}
		v.add(at("outboxPublishTopic"), nil, rules.OutboxTopic(s.Scopes, publishers),
			"events[].type", "events[].pubSub", "events[].publishers", scopes)
	}
}

func (v *validator) outboxPubSub(path *field.Path, s StateStore, name string) {
	if !v.pubSubs[name] {
		v.add(path, nil, v.knownPubSub(name), "pubSubs[].name")
		return
	}
	v.add(path, nil, rules.OutboxApps(s.Scopes, v.scopes[name]), "pubSubs[].name", "pubSubs[].scopes")
}

// knownPubSub checks a reference to a pub/sub by its name.
func (v *validator) knownPubSub(name string) []rules.Reason {
	return rules.Known("X-01", "a pub/sub of the stack", name, v.pubSubs)
}
