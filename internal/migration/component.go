package migration

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/daprstack/daprstack/config"
	"github.com/daprstack/daprstack/config/rules"
)

// connection is how a component reaches Redis.
type connection struct {
	Host, Username                     string
	TLS, SkipVerify, Cluster, Failover bool
	MasterName, SentinelUser           string
	Password, SentinelPassword         config.SecretKey
	ClientCert                         string // the Secret with tls.crt and tls.key
	clear                              bool   // the password is written in clear
}

// component is a Component of a type that a stack has.
type component struct {
	part
	name    string
	typ     string
	scopes  []string
	redis   connection
	plain   map[string]string
	secrets map[string]config.SecretKey
}

// components takes over the state stores and pub/subs.
func (c *converter) components() {
	var all []component
	for _, o := range c.of("Component.dapr.io") {
		if one, ok := c.component(o); ok {
			all = append(all, one)
		}
	}
	redis, most := connection{}, 0
	for _, one := range all {
		n := 0
		for _, other := range all {
			if other.redis == one.redis {
				n++
			}
		}
		if n > most {
			redis, most = one.redis, n
		}
	}
	if len(all) == 0 {
		return
	}
	all = slices.DeleteFunc(all, func(one component) bool {
		if one.redis != redis {
			one.lose("spec.metadata", one.redis.Host, advice{"a stack has one Redis, " + redis.Host, "leave this component beside the stack: it goes on working"})
		}
		return one.redis != redis
	})
	apart := c.apart(all)
	c.redis(all[0], redis, apart)
	for _, one := range all {
		if one.typ == rules.StateRedis {
			c.stateStore(one, apart)
		} else {
			c.pubSub(one, apart)
		}
	}
}

// component reads a Component, and reports false for one that no stack has.
func (c *converter) component(o Object) (component, bool) {
	p := c.part(o)
	p.metadata().rest(nil)
	spec := p.below("spec")
	one := component{part: p, name: o.Name(), typ: spec.text("type"), plain: map[string]string{}, secrets: map[string]config.SecretKey{}}
	if _, supported := rules.TypeOf(one.typ); !supported {
		c.note(Note{Lost, p.object, "spec.type", one.typ, "a stack has components of the types " + strings.Join(rules.TypesOf(), ", "),
			"leave it beside the stack: it goes on working for the apps that are in its scopes"})
		return one, false
	}
	spec.expect(map[string]any{"version": rules.ComponentVersion, "ignoreErrors": false})
	if len(spec.below("initTimeout").fields) > 0 || spec.fields["initTimeout"] != nil {
		spec.lose("initTimeout", spec.take("initTimeout"), advice{"the stack file has no key for it", ""})
	}
	auth := p.below("auth")
	if store := auth.text("secretStore"); !c.ofKubernetes(store) {
		auth.lose("secretStore", store, advice{"the components of a stack read Secrets of Kubernetes", "put its secrets into Secrets of the namespace first"})
		return one, false
	}
	one.scopes = p.texts("scopes")
	for _, item := range spec.items("metadata") {
		c.item(&one, item)
	}
	spec.rest(nil)
	p.rest(nil)
	c.address(&one)
	return one, one.redis.Host != ""
}

// ofKubernetes reports whether a secret store reads the Secrets of the namespace.
func (c *converter) ofKubernetes(store string) bool {
	return store == "" || store == "kubernetes" || slices.ContainsFunc(c.of("Component.dapr.io"), func(o Object) bool {
		return o.Name() == store && getText(o.Fields, "spec", "type") == "secretstores.kubernetes"
	})
}

// address completes the address of Redis.
func (c *converter) address(one *component) {
	r := &one.redis
	if port := one.plain["redisPort"]; port != "" && !strings.Contains(r.Host, ":") && r.Host != "" {
		r.Host += ":" + port
	}
	delete(one.plain, "redisPort")
	if r.Host != "" && !strings.Contains(r.Host, ":") {
		r.Host += ":6379"
	}
	if r.Host == "" {
		one.lose("spec.metadata[redisHost]", nil, advice{"the address is not written in the object", "write it as a value, host:port, or leave this component beside the stack"})
	}
	if r.clear {
		r.Password = config.SecretKey{Name: "redis-auth", Key: "password"}
		one.fill("spec.metadata[redisPassword]", nil, advice{"the password is there in clear, and is never copied",
			"put it into the Secret that stands in redis.external.passwordSecret: kubectl -n " + c.namespace + " create secret generic redis-auth --from-literal=password=…"})
	}
}

// item takes over one metadata item.
func (c *converter) item(one *component, item part) {
	ref := item.below("secretKeyRef")
	raw := textOf(item.take("value"))
	entry := rules.MetadataEntry{Name: item.text("name"), Value: raw}
	at := "spec.metadata[" + entry.Name + "]"
	secret := config.SecretKey{Name: ref.text("name"), Key: ref.text("key")}
	if secret.Name != "" && secret.Key == "" {
		secret.Key = secret.Name // as Dapr does
	}
	if secret.Name != "" {
		entry.From, entry.Value = rules.FromSecret, ""
	}
	entry, _ = rules.Normal(one.typ, entry) // in the spelling of the table
	key := rules.Metadata(one.typ)[entry.Name]
	switch {
	case item.take("envRef") != nil:
		one.lose(at, nil, advice{"the stack file has no items from variables of sidecars", "write the value, or name a Secret in secretMetadata"})
	case one.connection(entry, secret):
	case secret.Name != "" && key.Sensitive:
		one.secrets[entry.Name] = secret
	case secret.Name != "":
		one.lose(at, nil, advice{"no stack reads this item from a Secret", "write the value"})
	case key.Sensitive && raw != "":
		one.fill(at, nil, advice{"it is there in clear, and is never copied", "put it into a Secret and name that in secretMetadata"})
	case rules.Templated(raw) && entry.Name != "consumerID":
		one.lose(at, raw, advice{"a template cannot be written in a stack file", ""})
	case raw == "0" && entry.From == rules.FromLater:
		one.lose(at, raw, advice{"it switches redelivery off, and the events of a failed handler are lost then", "the stack's own value counts"})
	case raw != "" && entry.From == rules.FromLater:
		one.plain[entry.Name] = raw
	case raw != "":
		one.plain[entry.Name] = entry.Value
	}
}

// connection takes over an item that says how Redis is reached, and reports false
// for another one.
func (one *component) connection(e rules.MetadataEntry, secret config.SecretKey) bool {
	r := &one.redis
	on := e.Value == "true"
	switch e.Name {
	case "redisHost":
		r.Host = e.Value
	case "redisUsername":
		r.Username = e.Value
	case "redisPassword":
		r.Password, r.clear = secret, e.Value != ""
	case "enableTLS":
		r.TLS = on
	case "insecureSkipTLSVerify":
		r.SkipVerify = on
	case "redisType":
		r.Cluster = e.Value == "cluster"
	case "failover":
		r.Failover = on
	case "sentinelMasterName":
		r.MasterName = e.Value
	case "sentinelUsername":
		r.SentinelUser = e.Value
	case "sentinelPassword":
		if r.SentinelPassword = secret; e.Value != "" {
			one.fill("spec.metadata[sentinelPassword]", nil, advice{"it is there in clear, and is never copied", "put it into a Secret and name that in redis.external.sentinel.passwordSecret"})
		}
	case "clientCert", "clientKey":
		wanted := map[string]string{"clientCert": "tls.crt", "clientKey": "tls.key"}[e.Name]
		if secret.Key == wanted {
			r.ClientCert = secret.Name
			break
		}
		one.fill("spec.metadata["+e.Name+"]", nil, advice{"the certificate of a client stands in a Secret with tls.crt and tls.key", "make one and name it in redis.external.clientCertSecret"})
	default:
		return false
	}
	return true
}

// apart reports whether the components keep what they have under names with the
// namespace, as a stack does unless its Redis is shared.
func (c *converter) apart(all []component) bool {
	return !slices.ContainsFunc(all, func(one component) bool {
		if one.typ == rules.PubSubRedis {
			return !strings.HasPrefix(one.plain["consumerID"], rules.NamespacedConsumer(""))
		}
		prefix := one.plain["keyPrefix"]
		return prefix != "namespace" && !strings.HasPrefix(prefix, c.namespace+".")
	})
}

// redis takes over the Redis of the components.
func (c *converter) redis(of component, r connection, apart bool) {
	external := &config.ExternalRedis{
		Host: r.Host, Cluster: r.Cluster, EnableTLS: r.TLS, InsecureSkipTLSVerify: r.TLS && r.SkipVerify,
		Username: r.Username, ClientCertSecret: r.ClientCert, Shared: !apart,
	}
	if r.Failover {
		external.Sentinel = &config.RedisSentinel{MasterName: r.MasterName, Username: r.SentinelUser}
		if r.SentinelPassword.Name == "" {
			external.Sentinel.Username = ""
		}
		if r.SentinelPassword.Name != "" {
			external.Sentinel.PasswordSecret = &r.SentinelPassword
		}
	}
	switch {
	case r.Password.Name != "":
		external.PasswordSecret = &r.Password
	default:
		external.Auth = new(false)
		if r.Username != "" {
			of.lose("spec.metadata[redisUsername]", r.Username, advice{"a user without a password is nobody", ""})
			external.Username = ""
		}
	}
	if r.clear {
		c.marks["redis.external.passwordSecret"] = "make this Secret"
	}
	c.secrets = c.secrets || r.Password.Name != "" || r.ClientCert != "" || r.SentinelPassword.Name != ""
	c.stack.Redis.External = external
	c.origin["redis"] = of.object
}

// open returns the scopes of a component, those of every app if it names none.
func (c *converter) open(one component) []string {
	if len(one.scopes) > 0 {
		return one.scopes
	}
	ids := c.appIDs()
	list := "pubSubs"
	if one.typ == rules.StateRedis {
		list = "stateStores"
	}
	c.marks[list+"["+one.name+"].scopes"] = "those that really use it"
	one.fill("scopes", nil, advice{"none are given, so that every app may use it; the apps of the stack stand for them", "leave out those that do not use it"})
	return ids
}

func (c *converter) appIDs() (ids []string) {
	for _, a := range c.stack.Apps {
		ids = append(ids, a.Sidecar.AppID)
	}
	return ids
}

func (c *converter) stateStore(one component, apart bool) {
	if prefix := one.plain["keyPrefix"]; apart {
		if prefix = strings.TrimPrefix(prefix, c.namespace+"."); prefix == "namespace" || prefix == one.name {
			delete(one.plain, "keyPrefix")
		}
		if prefix == one.name {
			one.plain["keyPrefix"] = "name"
		} else if prefix != "namespace" {
			one.plain["keyPrefix"] = prefix
		}
	}
	c.secrets = c.secrets || len(one.secrets) > 0
	c.stack.StateStores = append(c.stack.StateStores, config.StateStore{Name: one.name, Scopes: c.open(one), Metadata: one.plain, SecretMetadata: one.secrets})
	c.origin["stateStores/"+one.name] = one.object
}

func (c *converter) pubSub(one component, apart bool) {
	p := config.PubSub{Name: one.name, Scopes: c.open(one), Metadata: one.plain, SecretMetadata: one.secrets}
	id := one.plain["consumerID"]
	if apart {
		id = strings.TrimPrefix(strings.TrimPrefix(id, rules.NamespacedConsumer("")), ".")
	} else if rules.Templated(id) {
		one.lose("spec.metadata[consumerID]", id, advice{"a template cannot be written in a stack file", "redis.external.shared: false has names with the namespace"})
		id = ""
	}
	p.ConsumerID = id
	p.RedeliverInterval = one.span("redeliverInterval")
	p.ProcessingTimeout = one.span("processingTimeout")
	p.StreamTTL = one.span("streamTTL")
	for name, into := range map[string]**int{"maxLenApprox": &p.MaxLenApprox, "queueDepth": &p.QueueDepth, "concurrency": &p.Concurrency} {
		if n, err := strconv.Atoi(one.plain[name]); err == nil {
			*into = &n
		}
	}
	if p.StreamTTL == nil && p.MaxLenApprox == nil {
		one.differ("spec.metadata[streamTTL]", nil, advice{"no limit is given, and the stack removes events after 168h", "set streamTTL to what is to be kept"})
	}
	for _, key := range []string{"consumerID", "redeliverInterval", "processingTimeout", "streamTTL", "maxLenApprox", "queueDepth", "concurrency"} {
		delete(one.plain, key)
	}
	c.topics(one)
	c.secrets = c.secrets || len(one.secrets) > 0
	c.stack.PubSubs = append(c.stack.PubSubs, p)
	c.origin["pubSubs/"+one.name] = one.object
}

// span returns an item that is a time, nil if there is none. A bare number is one of
// milliseconds.
func (one *component) span(name string) *config.Duration {
	text := one.plain[name]
	if text == "" {
		return nil
	}
	if n, err := strconv.Atoi(text); err == nil {
		return &config.Duration{Duration: time.Duration(n) * time.Millisecond}
	}
	d, err := time.ParseDuration(text)
	if err != nil {
		one.lose("spec.metadata["+name+"]", text, advice{"it is no duration", ""})
		return nil
	}
	if name == "redeliverInterval" {
		one.differ("spec.metadata["+name+"]", text, advice{"Dapr ignores it with a unit and takes 15s; with the stack it counts", ""})
	}
	return &config.Duration{Duration: d}
}

// scopesOf parses "app=topic,topic;app=" as Dapr does.
func scopesOf(value string) map[string][]string {
	all := map[string][]string{}
	for part := range strings.SplitSeq(strings.ReplaceAll(value, " ", ""), ";") {
		if app, topics, ok := strings.Cut(part, "="); ok {
			all[app] = slices.DeleteFunc(strings.Split(topics, ","), func(t string) bool { return t == "" })
		}
	}
	return all
}

func (c *converter) topics(one component) {
	access := topicAccess{object: one.object, allowed: map[string]bool{}}
	for _, key := range []string{"publishingScopes", "subscriptionScopes", "allowedTopics", "protectedTopics"} {
		text, given := one.plain[key]
		delete(one.plain, key)
		if !given {
			continue
		}
		switch key {
		case "publishingScopes":
			access.publish = scopesOf(text)
		case "subscriptionScopes":
			access.subscribe = scopesOf(text)
		default:
			for topic := range strings.SplitSeq(strings.ReplaceAll(text, " ", ""), ",") {
				access.allowed[topic] = true
			}
		}
	}
	c.access[one.name] = access
}
