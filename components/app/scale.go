package app

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes"
	"github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/apiextensions"
	autoscalingv2 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/autoscaling/v2"
	policyv1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/policy/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/daprstack/daprstack/components/dapr"
	"github.com/daprstack/daprstack/components/kube"
	"github.com/daprstack/daprstack/components/secrets"
)

// Autoscale says that the stack does not set the number of pods, and who does.
type Autoscale struct {
	// External makes no autoscaler: there is one already. Default false.
	External bool
	// Min and Max bound the number of pods. Required, unless External.
	Min, Max int
	// CPU and Memory are the average use that is aimed at, in percent of the request.
	// Default none.
	CPU, Memory *int
	// Streams are those whose lag decides as well, which KEDA reads. Default none.
	Streams []Stream
	// Redis has the streams. Required with Streams.
	Redis *dapr.RedisConnection
	// Behavior is how fast pods come and go. Default that of Kubernetes.
	Behavior Behavior
}

// Stream is a stream that the app reads.
type Stream struct {
	// Name of the stream, and Group in which the app reads it. Required.
	Name, Group string
	// Lag is how many entries may wait for each pod. Required.
	Lag int
}

// Behavior is how fast an autoscaler adds and removes pods.
type Behavior struct{ Up, Down *ScaleRules }

// ScaleRules bound the change in one direction. Default what Kubernetes does.
type ScaleRules struct {
	StabilizationWindow *time.Duration
	SelectPolicy        string
	Policies            []ScalePolicy
}

// ScalePolicy is how many pods, or what share of them, may come or go in a period.
type ScalePolicy struct {
	Type   string
	Value  int
	Period time.Duration
}

// Disruption bounds how many pods are away while nodes are drained. One of the two is
// given, a number or a percentage.
type Disruption struct{ MaxUnavailable, MinAvailable string }

// newAutoscaler makes what sets the number of pods, unless it is there already.
func newAutoscaler(ctx *pulumi.Context, name string, args *Args, opts ...pulumi.ResourceOption) error {
	auto := args.Autoscale
	if auto == nil || auto.External {
		return nil
	}
	if len(auto.Streams) == 0 {
		_, err := autoscalingv2.NewHorizontalPodAutoscaler(ctx, name+"-autoscaler", autoscaler(ctx, args), opts...)
		return err
	}
	if auto.Redis.Password != nil {
		if err := newCustom(ctx, name+"-autoscaler-login", meta(args), keda, "TriggerAuthentication", pulumi.Map{"secretTargetRef": login(auto.Redis)}, opts); err != nil {
			return err
		}
	}
	return newCustom(ctx, name+"-autoscaler", meta(args), keda, "ScaledObject", scaledObject(args), opts)
}

// keda is the API version of KEDA's objects.
const keda = "keda.sh/v1alpha1"

// newCustom makes an object of a kind that a CRD defines.
func newCustom(ctx *pulumi.Context, name string, m kube.Meta, apiVersion, kind string, spec pulumi.Map, opts []pulumi.ResourceOption) error {
	_, err := apiextensions.NewCustomResource(ctx, name, &apiextensions.CustomResourceArgs{
		ApiVersion: pulumi.String(apiVersion), Kind: pulumi.String(kind), Metadata: m.Args(ctx),
		OtherFields: kubernetes.UntypedArgs{"spec": spec},
	}, opts...)
	if err != nil {
		return fmt.Errorf("making the %s: %w", kind, err)
	}
	return nil
}

// targetKind returns the kind whose pods are counted.
func targetKind(args *Args) string {
	if args.Kind == StatefulSet {
		return string(StatefulSet)
	}
	return string(Deployment)
}

func autoscaler(ctx *pulumi.Context, args *Args) *autoscalingv2.HorizontalPodAutoscalerArgs {
	auto := args.Autoscale
	var metrics autoscalingv2.MetricSpecArray
	for _, aim := range auto.aims() {
		metrics = append(metrics, autoscalingv2.MetricSpecArgs{Type: pulumi.String("Resource"), Resource: &autoscalingv2.ResourceMetricSourceArgs{
			Name:   pulumi.String(aim.resource),
			Target: &autoscalingv2.MetricTargetArgs{Type: pulumi.String("Utilization"), AverageUtilization: pulumi.Int(aim.percent)},
		}})
	}
	spec := &autoscalingv2.HorizontalPodAutoscalerSpecArgs{
		ScaleTargetRef: &autoscalingv2.CrossVersionObjectReferenceArgs{
			ApiVersion: pulumi.String("apps/v1"), Kind: pulumi.String(targetKind(args)), Name: pulumi.String(args.Name),
		},
		MinReplicas: pulumi.Int(auto.Min), MaxReplicas: pulumi.Int(auto.Max), Metrics: metrics,
	}
	if b := auto.Behavior; b.Up != nil || b.Down != nil {
		behavior := &autoscalingv2.HorizontalPodAutoscalerBehaviorArgs{}
		if b.Up != nil {
			behavior.ScaleUp = b.Up.typed()
		}
		if b.Down != nil {
			behavior.ScaleDown = b.Down.typed()
		}
		spec.Behavior = behavior
	}
	return &autoscalingv2.HorizontalPodAutoscalerArgs{Metadata: meta(args).Args(ctx), Spec: spec}
}

// aim is the average use of a resource that is aimed at.
type aim struct {
	resource string
	percent  int
}

func (a *Autoscale) aims() (all []aim) {
	if a.CPU != nil {
		all = append(all, aim{"cpu", *a.CPU})
	}
	if a.Memory != nil {
		all = append(all, aim{"memory", *a.Memory})
	}
	return all
}

func (r *ScaleRules) typed() *autoscalingv2.HPAScalingRulesArgs {
	rules := &autoscalingv2.HPAScalingRulesArgs{}
	if r.StabilizationWindow != nil {
		rules.StabilizationWindowSeconds = pulumi.Int(int(r.StabilizationWindow.Seconds()))
	}
	if r.SelectPolicy != "" {
		rules.SelectPolicy = pulumi.String(r.SelectPolicy)
	}
	var policies autoscalingv2.HPAScalingPolicyArray
	for _, p := range r.Policies {
		policies = append(policies, autoscalingv2.HPAScalingPolicyArgs{
			Type: pulumi.String(p.Type), Value: pulumi.Int(p.Value), PeriodSeconds: pulumi.Int(int(p.Period.Seconds())),
		})
	}
	if policies != nil {
		rules.Policies = policies
	}
	return rules
}

// plain returns the rules as KEDA passes them on.
func (r *ScaleRules) plain() pulumi.Map {
	rules := pulumi.Map{}
	if r.StabilizationWindow != nil {
		rules["stabilizationWindowSeconds"] = pulumi.Int(int(r.StabilizationWindow.Seconds()))
	}
	if r.SelectPolicy != "" {
		rules["selectPolicy"] = pulumi.String(r.SelectPolicy)
	}
	var policies pulumi.Array
	for _, p := range r.Policies {
		policies = append(policies, pulumi.Map{
			"type": pulumi.String(p.Type), "value": pulumi.Int(p.Value), "periodSeconds": pulumi.Int(int(p.Period.Seconds())),
		})
	}
	if policies != nil {
		rules["policies"] = policies
	}
	return rules
}

// scaledObject returns the spec of a ScaledObject, from which KEDA makes an autoscaler.
func scaledObject(args *Args) pulumi.Map {
	auto := args.Autoscale
	var triggers pulumi.Array
	for _, stream := range auto.Streams {
		trigger := pulumi.Map{"type": pulumi.String(streamTrigger(auto.Redis)), "metadata": streamMetadata(args, stream)}
		if auto.Redis.Password != nil {
			trigger["authenticationRef"] = pulumi.Map{"name": pulumi.String(args.Name)}
		}
		triggers = append(triggers, trigger)
	}
	for _, aim := range auto.aims() {
		triggers = append(triggers, pulumi.Map{
			"type": pulumi.String(aim.resource), "metricType": pulumi.String("Utilization"),
			"metadata": pulumi.Map{"value": pulumi.String(strconv.Itoa(aim.percent))},
		})
	}
	spec := pulumi.Map{
		"scaleTargetRef": pulumi.Map{
			"apiVersion": pulumi.String("apps/v1"), "kind": pulumi.String(targetKind(args)), "name": pulumi.String(args.Name),
		},
		"minReplicaCount": pulumi.Int(auto.Min), "maxReplicaCount": pulumi.Int(auto.Max), "triggers": triggers,
	}
	behavior := pulumi.Map{}
	for key, rules := range map[string]*ScaleRules{"scaleUp": auto.Behavior.Up, "scaleDown": auto.Behavior.Down} {
		if rules != nil {
			behavior[key] = rules.plain()
		}
	}
	if len(behavior) > 0 {
		spec["advanced"] = pulumi.Map{"horizontalPodAutoscalerConfig": pulumi.Map{"behavior": behavior}}
	}
	return spec
}

// streamTrigger returns the name of KEDA's scaler for a Redis.
func streamTrigger(c *dapr.RedisConnection) string {
	switch {
	case c.Cluster:
		return "redis-cluster-streams"
	case c.Sentinel != nil:
		return "redis-sentinel-streams"
	default:
		return "redis-streams"
	}
}

// streamMetadata returns how KEDA finds the lag of a group. KEDA runs in a namespace of
// its own, from which the name of a Service alone means nothing.
func streamMetadata(args *Args, stream Stream) pulumi.Map {
	c := args.Autoscale.Redis
	var addresses []pulumi.StringOutput
	for address := range strings.SplitSeq(c.Host, ",") {
		addresses = append(addresses, fromAnywhere(address, args.Namespace))
	}
	all := addresses[0]
	for _, more := range addresses[1:] {
		all = pulumi.Sprintf("%s,%s", all, more)
	}
	key := "address"
	if c.Cluster || c.Sentinel != nil {
		key = "addresses"
	}
	items := pulumi.Map{
		key: all, "stream": pulumi.String(stream.Name), "consumerGroup": pulumi.String(stream.Group),
		"lagCount": pulumi.String(strconv.Itoa(stream.Lag)), "activationLagCount": pulumi.String("0"),
	}
	if c.Sentinel != nil {
		items["sentinelMaster"] = pulumi.String(c.Sentinel.MasterName)
	}
	if !c.Cluster {
		items["databaseIndex"] = pulumi.String(strconv.Itoa(c.Database))
	}
	if c.EnableTLS {
		items["enableTLS"] = pulumi.String("true")
	}
	if c.InsecureSkipTLSVerify {
		items["unsafeSsl"] = pulumi.String("true")
	}
	return items
}

// fromAnywhere returns an address that is the same in every namespace.
func fromAnywhere(address string, namespace pulumi.StringInput) pulumi.StringOutput {
	host, port, _ := strings.Cut(address, ":")
	if strings.Contains(host, ".") {
		return pulumi.String(address).ToStringOutput()
	}
	return pulumi.Sprintf("%s.%s.svc:%s", host, namespace, port)
}

// login returns the Secrets from which KEDA takes what it shows to Redis.
func login(c *dapr.RedisConnection) pulumi.Array {
	var refs pulumi.Array
	add := func(parameter string, ref *secrets.Ref) {
		if ref != nil {
			refs = append(refs, pulumi.Map{"parameter": pulumi.String(parameter), "name": ref.Name, "key": pulumi.String(ref.Key)})
		}
	}
	add("password", c.Password)
	if c.Sentinel != nil {
		add("sentinelPassword", c.Sentinel.Password)
	}
	return refs
}

// budget returns a PodDisruptionBudget. Pods that are not ready may always go, or an
// app that fails would keep its nodes from being drained.
func budget(ctx *pulumi.Context, args *Args) *policyv1.PodDisruptionBudgetArgs {
	spec := &policyv1.PodDisruptionBudgetSpecArgs{Selector: selector(args), UnhealthyPodEvictionPolicy: pulumi.String("AlwaysAllow")}
	if args.Disruption.MinAvailable != "" {
		spec.MinAvailable = kube.IntOrText(args.Disruption.MinAvailable)
	} else {
		spec.MaxUnavailable = kube.IntOrText(args.Disruption.MaxUnavailable)
	}
	return &policyv1.PodDisruptionBudgetArgs{Metadata: meta(args).Args(ctx), Spec: spec}
}
