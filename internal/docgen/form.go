package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/daprstack/daprstack/config/rules"
)

// An entry is a key that a map may have, and its documentation.
type entry struct{ Name, Doc string }

// A form is what a value looks like: in words, and as a schema of its text or
// number, or of the keys of a map. It may allow more than the program does,
// never less.
type form struct {
	Words  string
	Schema schema
	Names  *schema // of the keys of a map, which are the user's
	Keys   []entry // of a map that has these keys only
	Some   bool    // a list has at least one item
	Once   bool    // a list names each item once
	Part   bool    // an object without what it requires elsewhere
}

const (
	label    = `[a-z0-9]([-a-z0-9]*[a-z0-9])?`
	labelKey = `([a-z0-9]([-a-z0-9.]*[a-z0-9])?/)?[a-zA-Z0-9]([-\w.]*[a-zA-Z0-9])?`
	span     = `([0-9]+\.?[0-9]*|\.[0-9]+)(ns|us|µs|μs|ms|s|m|h)`
)

var (
	namespace = matching("DNS-1123 label", 63, label)
	dnsName   = matching("DNS-1123 name", 253, label+`(\.`+label+`)*`)
	appID     = matching("app-id", rules.MaxAppID, label)
	target    = matching("app-id, or app-id.namespace", 0, label+`(\.`+label+`)?`)
	image     = matching("image reference", 0, `[a-zA-Z0-9][\w.\-:/]*(@sha256:[0-9a-f]{64})?`)
	address   = matching("host:port", 0, `[^, /@]+:[0-9]{1,5}`)
	quantity  = matching("Kubernetes quantity", 0, `\+?([0-9]+\.?[0-9]*|\.[0-9]+)([KMGTPE]i|[numkMGTPE]|[eE][+-]?[0-9]+)?`)
	duration  = matching("duration with its unit", 0, `\+?(`+span+`)+`)
	path      = matching("absolute path", 0, `/([^/\s?#][^\s?#]*)?`)
	topic     = matching("name of a topic", 200, `[A-Za-z0-9]([A-Za-z0-9._:/-]*[A-Za-z0-9])?`)
	dataKey   = matching("key of a Secret", 253, `[-._a-zA-Z0-9]+`)
	tag       = matching("tag", 128, `\w[\w.-]*`)
	digest    = matching("digest", 0, `sha256:[0-9a-f]{64}`)
	portName  = matching("name of a service (RFC 6335)", 15, label)
	port      = between("port", 1, 65535)
	host      = matching("host", 253, `(\*\.)?`+label+`(\.`+label+`)*`)
	logLevel  = oneOf(rules.LogLevels...)

	labelValue = matching("value of a label", 63, `([a-zA-Z0-9]([-\w.]*[a-zA-Z0-9])?)?`)
	variables  = &schema{Pattern: `^[A-Za-z_][A-Za-z0-9_]*$`}
	quantities = quantity.of("cpu", "memory", "ephemeral-storage")
)

// forms holds the forms of the keys whose type alone does not say enough.
var forms = map[string]form{
	"Stack.Context":          {Schema: schema{Pattern: `.`}},
	"Stack.Namespace":        namespace,
	"Stack.ImagePullSecrets": dnsName,
	"Stack.Adopt":            matching("Kind/name", 0, `[A-Z][A-Za-z0-9]*/[a-z0-9]([-a-z0-9.:]*[a-z0-9])?`),

	"Dapr.Version":                matching("version", 0, `\d+\.\d+\.\d+(-[0-9A-Za-z.-]+)?`),
	"Dapr.Namespace":              namespace,
	"Dapr.LogLevel":               logLevel,
	"Certificates.RootLifetime":   duration,
	"Certificates.IssuerLifetime": duration,
	"Certificates.RenewBefore":    duration,
	"Chart.Repository":            matching("URL", 0, `[A-Za-z][A-Za-z0-9+.-]*://.+`),
	"Scheduler.Storage":           quantity,
	"Scheduler.StorageClass":      dnsName,
	"Configuration.Name":          dnsName,
	"AccessControl.DefaultAction": oneOf("deny", "allow"),
	"Tracing.SamplingRate":        matching("number as text", 0, `\+?[.0-9].*`),
	"Tracing.Otel":                address,

	"Redis.Image":                    image,
	"Redis.Storage":                  quantity,
	"Redis.StorageClass":             dnsName,
	"Redis.ExistingClaim":            dnsName,
	"Redis.MaxMemory":                quantity,
	"Redis.Fsync":                    oneOf("always", "everysec"),
	"ExternalRedis.Host":             matching("host:port, or several separated by commas", 0, `[^, /@{}]+:[0-9]{1,5}(,[^, /@{}]+:[0-9]{1,5})*`),
	"ExternalRedis.ClientCertSecret": dnsName,
	"RedisSentinel.MasterName":       matching("name", 0, `\S(.*\S)?`),
	"ExternalRedis.Database":         from("whole number, 0 or more", 0),
	"SecretKey.Name":                 dnsName,
	"SecretKey.Key":                  dataKey,
	"Resources.Requests":             quantities,
	"Resources.Limits":               quantities,
	"StateStore.Name":                dnsName,
	"StateStore.Type":                oneOf(rules.TypesOf(rules.StateStore)...),
	"StateStore.Version":             oneOf(rules.ComponentVersion),
	"StateStore.Scopes":              appID.each(),
	"StateStore.Metadata":            metadata(rules.StateRedis),

	"StateStore.SecretMetadata": secretMetadata(rules.StateRedis),
	"PubSub.SecretMetadata":     secretMetadata(rules.PubSubRedis),

	"PubSub.Name":              dnsName,
	"PubSub.Type":              oneOf(rules.TypesOf(rules.PubSub)...),
	"PubSub.Version":           oneOf(rules.ComponentVersion),
	"PubSub.Scopes":            appID.each(),
	"PubSub.RedeliverInterval": duration,
	"PubSub.ProcessingTimeout": duration,
	"PubSub.MaxRetries":        from("whole number, 0 or more", 0),
	"PubSub.RetryPolicy":       oneOf(rules.RetryPolicies...),
	"PubSub.RetryInterval":     duration,
	"PubSub.HandlerTimeout":    duration,
	"PubSub.StreamTTL":         duration,
	"PubSub.MaxLenApprox":      from("whole number, 1 or more", 1),
	"PubSub.Metadata":          metadata(rules.PubSubRedis),

	"Event.Type":       topic,
	"Event.Source":     matching("URI-reference", 0, `\S+`),
	"Event.PubSub":     dnsName,
	"Event.Publishers": appID.each(),
	"Subscriber.App":   appID,
	"Subscriber.Path":  path,

	"App.Name":                            matching("DNS-1035 label", 63, `[a-z]([-a-z0-9]*[a-z0-9])?`),
	"App.Image":                           image,
	"App.ImagePullPolicy":                 oneOf("Always", "IfNotPresent", "Never"),
	"App.Port":                            port,
	"App.Replicas":                        from("whole number, 0 or more", 0),
	"App.Env":                             {Names: variables},
	"App.SecretEnv":                       {Names: variables},
	"App.HealthPath":                      path,
	"App.User":                            from("whole number, 1 or more", 1),
	"App.WritablePaths":                   matching("absolute directory", 0, `/[^:]+`).once(),
	"App.Invokes":                         target.once(),
	"AppOverlay.Invokes":                  target.once(),
	"Peer.App":                            target,
	"Caller.App":                          appID,
	"Policies.Timeouts":                   keyed(duration, ".+"),
	"RetryPolicy.Policy":                  oneOf(rules.RetryPolicies...),
	"RetryPolicy.Duration":                duration,
	"RetryPolicy.MaxInterval":             duration,
	"RetryPolicy.MaxRetries":              from("whole number, -1 or more", -1),
	"CircuitBreaker.MaxRequests":          from("whole number, 1 or more", 1),
	"CircuitBreaker.Interval":             duration,
	"CircuitBreaker.Timeout":              duration,
	"AppTarget.CircuitBreakerCacheSize":   from("whole number, 1 or more", 1),
	"ActorTarget.CircuitBreakerCacheSize": from("whole number, 1 or more", 1),
	"ActorTarget.CircuitBreakerScope":     oneOf(rules.ActorScopes...),
	"PubSub.QueueDepth":                   from("whole number, 1 or more", 1),
	"PubSub.Concurrency":                  from("whole number, 1 or more", 1),
	"PubSubOverlay.QueueDepth":            from("whole number, 1 or more", 1),
	"PubSubOverlay.Concurrency":           from("whole number, 1 or more", 1),
	"Caller.Namespace":                    namespace,
	"Operation.Verbs":                     oneOf(rules.Methods...).once(),
	"AppOverlay.Tag":                      tag,
	"AppOverlay.Digest":                   digest,
	"AppOverlay.Sidecar":                  {Part: true},
	"App.Kind":                            oneOf("Deployment", "StatefulSet", "Job", "CronJob"),

	"App.PodManagementPolicy": oneOf("OrderedReady", "Parallel"),
	"App.Schedule":            matching("schedule of a CronJob", 0, `@[a-z]+( .+)?|\S+( +\S+){4}`),

	"Autoscale.Min":                  from("whole number, 0 or more", 0),
	"Autoscale.Max":                  from("whole number, 1 or more", 1),
	"Autoscale.CPU":                  from("percentage, 1 or more", 1),
	"Autoscale.Memory":               from("percentage, 1 or more", 1),
	"ScaleEvent.Type":                topic,
	"ScaleEvent.PubSub":              dnsName,
	"ScaleEvent.Lag":                 from("whole number, 1 or more", 1),
	"ScaleRules.StabilizationWindow": duration,
	"ScaleRules.SelectPolicy":        oneOf("Max", "Min", "Disabled"),
	"ScalePolicy.Type":               oneOf("Pods", "Percent"),
	"ScalePolicy.Value":              from("whole number, 1 or more", 1),
	"ScalePolicy.Period":             duration,
	"Disruption.MaxUnavailable":      matching("number or percentage", 0, `[0-9]+%?`),
	"Disruption.MinAvailable":        matching("number or percentage", 0, `[0-9]+%?`),
	"VolumeClaim.Name":               matching("DNS-1123 label", 63, label),
	"VolumeClaim.Path":               matching("absolute directory", 0, `/[^:]+`),
	"VolumeClaim.Storage":            quantity,
	"VolumeClaim.StorageClass":       dnsName,
	"VolumeClaim.AccessModes":        oneOf("ReadWriteOnce", "ReadWriteOncePod", "ReadWriteMany", "ReadOnlyMany"),
	"Job.Completions":                from("whole number, 1 or more", 1),
	"Job.Parallelism":                from("whole number, 1 or more", 1),
	"Job.BackoffLimit":               from("whole number, 0 or more", 0),
	"Job.RestartPolicy":              oneOf("Never", "OnFailure"),
	"Job.ActiveDeadline":             duration,
	"Job.TTL":                        duration,
	"CronJob.ConcurrencyPolicy":      oneOf("Allow", "Forbid", "Replace"),
	"CronJob.StartingDeadline":       duration,
	"CronJob.SuccessfulJobs":         from("whole number, 0 or more", 0),
	"CronJob.FailedJobs":             from("whole number, 0 or more", 0),
	"Service.Type":                   oneOf("ClusterIP", "NodePort", "LoadBalancer", "Headless", "None"),
	"Service.ExternalTrafficPolicy":  oneOf("Cluster", "Local"),
	"ServicePort.Name":               portName,
	"ServicePort.Port":               port,
	"ServicePort.NodePort":           port,
	"Ingress.ClassName":              dnsName,
	"Ingress.Hosts":                  host.once(),
	"Ingress.Paths":                  matching("absolute path", 0, `/.*`).once(),
	"Ingress.PathType":               oneOf("Prefix", "Exact", "ImplementationSpecific"),
	"Ingress.Port":                   portName,
	"Ingress.TLSSecret":              dnsName,
	"HTTPRoute.Hostnames":            host.once(),
	"HTTPRoute.Port":                 portName,
	"ParentRef.Name":                 dnsName,
	"ParentRef.Namespace":            namespace,
	"ParentRef.SectionName":          dnsName,
	"ParentRef.Port":                 port,
	"RouteMatch.PathType":            oneOf("PathPrefix", "Exact", "RegularExpression"),
	"RouteMatch.Method":              oneOf("GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH"),
	"Stack.Objects":                  matching("path of a manifest or of a folder with manifests", 0, `.+`).once(),

	"Port.Name": portName,
	"Port.Port": port,

	"App.ConfigEnv":              {Names: variables},
	"App.Startup":                duration,
	"App.TerminationGracePeriod": duration,
	"App.Labels":                 keyed(labelValue, labelKey),
	"App.Annotations":            {Names: &schema{Pattern: "^(" + labelKey + ")$"}},
	"App.NodeSelector":           keyed(labelValue, labelKey),
	"App.PriorityClassName":      dnsName,
	"App.DNSPolicy":              oneOf("ClusterFirst", "ClusterFirstWithHostNet", "Default", "None"),
	"ServiceAccount.Name":        dnsName,
	"ServiceAccount.Annotations": {Names: &schema{Pattern: "^(" + labelKey + ")$"}},
	"MapKey.Name":                dnsName,
	"MapKey.Key":                 dataKey,

	"Sidecar.AppID":         appID,
	"Sidecar.AppPort":       port,
	"Sidecar.Config":        dnsName,
	"Sidecar.SecretVolumes": keyed(dnsName, label),
}

// keyed returns the form of a map to such values, whose keys match a whole
// pattern.
func keyed(f form, names string) form {
	f.Names = &schema{Pattern: "^(" + names + ")$"}
	return f
}

// matching returns the form of a text that matches a whole pattern, with at most
// so many characters; 0 means any length.
func matching(words string, most int, pattern string) form {
	f := form{Words: words, Schema: schema{Pattern: "^(" + pattern + ")$"}}
	if most > 0 {
		f.Words += fmt.Sprintf(", at most %d characters", most)
		f.Schema.MaxLength = new(uint64(most))
	}
	return f
}

func oneOf(values ...string) form {
	f := form{Words: strings.Join(values, ", ")}
	for _, v := range values {
		f.Schema.Enum = append(f.Schema.Enum, v)
	}
	return f
}

func from(words string, least int) form {
	return form{Words: words, Schema: schema{Minimum: json.Number(strconv.Itoa(least))}}
}

func between(words string, least, most int) form {
	f := from(fmt.Sprintf("%s, %d–%d", words, least, most), least)
	f.Schema.Maximum = json.Number(strconv.Itoa(most))
	return f
}

// metadata returns the form of a component type's metadata: the keys that Dapr
// reads (T-10), except those for which the stack file has a key of its own.
func metadata(componentType string) form {
	var f form
	known := rules.Metadata(componentType)
	for _, name := range slices.Sorted(maps.Keys(known)) {
		if key := known[name]; key.Instead == "" && !key.Sensitive {
			doc := "Text: " + item{name, key}.Form() + "."
			if key.Default != "" {
				doc += " Default " + key.Default + "."
			}
			f.Keys = append(f.Keys, entry{name, doc})
		}
	}
	return f
}

// secretMetadata returns the form of the metadata that a component type reads from
// Secrets (T-06).
func secretMetadata(componentType string) form {
	names := &schema{}
	known := rules.Metadata(componentType)
	for _, name := range slices.Sorted(maps.Keys(known)) {
		if rules.StackSecretItem(componentType, name) == nil {
			names.Enum = append(names.Enum, name)
		}
	}
	return form{Names: names}
}

// An item is one metadata key of a component.
type item struct {
	Name string
	rules.MetadataKey
}

// Form describes what the value of the item has to be.
func (i item) Form() string {
	if len(i.Only) > 0 {
		return "one of " + strings.Join(i.Only, ", ")
	}
	words := string(i.MetadataKey.Form)
	if i.Min > 0 {
		words += fmt.Sprintf(", at least %d", i.Min)
	}
	if i.Off {
		words += "; -1 switches it off"
	}
	return words
}

// each returns the form of a list of such values: at least one, none twice.
func (f form) each() form {
	f.Some = true
	return f.once()
}

func (f form) once() form {
	f.Once = true
	return f
}

func (f form) of(keys ...string) form {
	for _, k := range keys {
		f.Keys = append(f.Keys, entry{Name: k})
	}
	return f
}
