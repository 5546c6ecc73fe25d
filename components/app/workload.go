package app

import (
	"errors"
	"fmt"
	"maps"
	"time"

	appsv1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/apps/v1"
	batchv1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/batch/v1"
	corev1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/core/v1"
	metav1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/meta/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/daprstack/daprstack/components/kube"
	"github.com/daprstack/daprstack/config/rules"
)

// Kind is what runs the pods of an app.
type Kind string

// The kinds of an app.
const (
	Deployment  Kind = "Deployment"
	StatefulSet Kind = "StatefulSet"
	Job         Kind = "Job"
	CronJob     Kind = "CronJob"
)

func (k Kind) known() bool {
	switch k {
	case "", Deployment, StatefulSet, Job, CronJob:
		return true
	}
	return false
}

// ends reports whether the pods run to their end.
func (k Kind) ends() bool { return k == Job || k == CronJob }

// Claim is a volume of its own for each pod of a StatefulSet.
type Claim struct {
	// Name of the claim and Path in the container. Required.
	Name, Path string
	// Storage is the size of the volume. Required.
	Storage string
	// StorageClass of the volume. Default the cluster's default class.
	StorageClass string
	// AccessModes of the volume. Required.
	AccessModes []string
}

// Stateful says what a StatefulSet has besides its pods.
type Stateful struct {
	// Claims are the volumes of each pod. Default none.
	Claims []Claim
	// PodManagementPolicy is OrderedReady or Parallel. Default OrderedReady.
	PodManagementPolicy string
	// RetainClaims keeps the claims when the StatefulSet is removed. Default false.
	RetainClaims bool
	// Protect makes the engine refuse to delete or replace the StatefulSet. Default
	// false.
	Protect bool
}

// Run says how pods run to their end.
type Run struct {
	// Completions, Parallelism and BackoffLimit are those of a Job. Default those of
	// Kubernetes.
	Completions, Parallelism, BackoffLimit *int
	// RestartPolicy is Never or OnFailure. Default Never.
	RestartPolicy string
	// ActiveDeadline is how long a Job may run. Default for ever.
	ActiveDeadline time.Duration
	// TTL is how long a Job that is over is kept. Default for ever.
	TTL *time.Duration
	// SkipAwait makes up not wait for a Job to succeed. Default false.
	SkipAwait bool
}

// Timetable says when the Jobs of a CronJob run.
type Timetable struct {
	// Schedule of the Jobs. Required.
	Schedule string
	// TimeZone of the schedule. Default that of the cluster.
	TimeZone string
	// ConcurrencyPolicy is Allow, Forbid or Replace. Default Allow.
	ConcurrencyPolicy string
	// StartingDeadline is how late a Job may start. Default any time.
	StartingDeadline time.Duration
	// Suspend starts no further Job. Default false.
	Suspend bool
	// SuccessfulJobs and FailedJobs are how many of each are kept. Default those of
	// Kubernetes.
	SuccessfulJobs, FailedJobs *int
}

// newWorkload makes what runs the pods.
func newWorkload(ctx *pulumi.Context, name string, args *Args, account pulumi.StringPtrInput, opts ...pulumi.ResourceOption) (pulumi.Resource, error) {
	if args.Autoscale != nil {
		// What the autoscaler set stays, also when there was a number before: the provider
		// then applies the one that it finds, and Kubernetes does not go back to 1.
		opts = append(opts, pulumi.IgnoreChanges([]string{"spec.replicas"}))
	}
	w := workload(ctx, args, account)
	patched, err := kube.PatchPod(w, args.Patches, args.Kind.template()...)
	if err != nil {
		return nil, err
	}
	opts = append(opts, patient(args), patched)
	switch w := w.(type) {
	case *appsv1.StatefulSetArgs:
		if args.Stateful.Protect {
			opts = append(opts, pulumi.Protect(true))
		}
		return appsv1.NewStatefulSet(ctx, name+"-statefulset", w, opts...)
	case *batchv1.JobArgs:
		return batchv1.NewJob(ctx, name+"-job", w, opts...)
	case *batchv1.CronJobArgs:
		return batchv1.NewCronJob(ctx, name+"-cronjob", w, opts...)
	case *appsv1.DeploymentArgs:
		return appsv1.NewDeployment(ctx, name+"-deployment", w, opts...)
	default:
		return nil, fmt.Errorf("there is no kind %q", args.Kind)
	}
}

// workload returns what runs the pods.
func workload(ctx *pulumi.Context, args *Args, account pulumi.StringPtrInput) pulumi.Input {
	switch args.Kind {
	case StatefulSet:
		return statefulSet(ctx, args, account)
	case Job:
		return job(ctx, args, account)
	case CronJob:
		return cronJob(ctx, args, account)
	default:
		return deployment(ctx, args, account)
	}
}

// template returns the path of the pod template.
func (k Kind) template() []string {
	if k == CronJob {
		return []string{"spec", "jobTemplate", "spec", "template"}
	}
	return []string{"spec", "template"}
}

// patience is how long a workload may take beside the start of its app, and longStart the
// start from which on that is more than Pulumi and Kubernetes wait.
const (
	patience  = 10 * time.Minute
	longStart = 5 * time.Minute
)

// patient makes the engine wait for an app that takes long to start.
func patient(args *Args) pulumi.ResourceOption {
	if args.Startup < longStart {
		return pulumi.Composite()
	}
	wait := (args.Startup + patience).String()
	return pulumi.Timeouts(&pulumi.CustomTimeouts{Create: wait, Update: wait})
}

// template returns the pods of an app, the same for every kind.
func template(args *Args, account pulumi.StringPtrInput) *corev1.PodTemplateSpecArgs {
	meta := &metav1.ObjectMetaArgs{Labels: pulumi.ToStringMap(beside(args.Labels, rules.PodLabels(args.Name, args.Sidecar != nil)))}
	if notes := annotations(args.Sidecar); len(args.Annotations)+len(notes) > 0 {
		all := pulumi.ToStringMap(args.Annotations)
		maps.Copy(all, notes)
		meta.Annotations = all
	}
	return &corev1.PodTemplateSpecArgs{Metadata: meta, Spec: pod(args, account)}
}

func selector(args *Args) *metav1.LabelSelectorArgs {
	return &metav1.LabelSelectorArgs{MatchLabels: pulumi.ToStringMap(selected(args))}
}

// replicas returns the number of pods, nil for one that an autoscaler sets.
func replicas(args *Args) pulumi.IntPtrInput {
	if args.Autoscale != nil {
		return nil
	}
	return pulumi.Int(args.Replicas)
}

func deployment(ctx *pulumi.Context, args *Args, account pulumi.StringPtrInput) *appsv1.DeploymentArgs {
	spec := &appsv1.DeploymentSpecArgs{Replicas: replicas(args), Selector: selector(args), Template: template(args, account)}
	if args.Startup >= longStart {
		spec.ProgressDeadlineSeconds = pulumi.Int((args.Startup + patience) / time.Second)
	}
	return &appsv1.DeploymentArgs{Metadata: meta(args).Args(ctx), Spec: spec}
}

func statefulSet(ctx *pulumi.Context, args *Args, account pulumi.StringPtrInput) *appsv1.StatefulSetArgs {
	spec := &appsv1.StatefulSetSpecArgs{
		Replicas: replicas(args), Selector: selector(args), Template: template(args, account),
		ServiceName: pulumi.String(podsService(args)),
	}
	if policy := args.Stateful.PodManagementPolicy; policy != "" {
		spec.PodManagementPolicy = pulumi.String(policy)
	}
	if len(args.Stateful.Claims) > 0 {
		spec.VolumeClaimTemplates = claims(args)
		deleted := "Delete" // as destroy removes everything that it made
		if args.Stateful.RetainClaims {
			deleted = "Retain"
		}
		spec.PersistentVolumeClaimRetentionPolicy = &appsv1.StatefulSetPersistentVolumeClaimRetentionPolicyArgs{
			WhenDeleted: pulumi.String(deleted), WhenScaled: pulumi.String("Retain"),
		}
	}
	return &appsv1.StatefulSetArgs{Metadata: meta(args).Args(ctx), Spec: spec}
}

func claims(args *Args) corev1.PersistentVolumeClaimTypeArray {
	list := make(corev1.PersistentVolumeClaimTypeArray, len(args.Stateful.Claims))
	for i, c := range args.Stateful.Claims {
		spec := &corev1.PersistentVolumeClaimSpecArgs{
			AccessModes: pulumi.ToStringArray(c.AccessModes),
			Resources:   &corev1.VolumeResourceRequirementsArgs{Requests: pulumi.StringMap{"storage": pulumi.String(c.Storage)}},
		}
		if c.StorageClass != "" {
			spec.StorageClassName = pulumi.String(c.StorageClass)
		}
		list[i] = corev1.PersistentVolumeClaimTypeArgs{
			Metadata: &metav1.ObjectMetaArgs{Name: pulumi.String(c.Name), Labels: pulumi.ToStringMap(selected(args))}, Spec: spec,
		}
	}
	return list
}

func job(ctx *pulumi.Context, args *Args, account pulumi.StringPtrInput) *batchv1.JobArgs {
	m := meta(args)
	m.SkipAwait = args.Run.SkipAwait
	if deadline := args.Run.ActiveDeadline; deadline > 0 && !m.SkipAwait {
		// The provider would give up after ten minutes.
		m.Timeout = deadline + time.Minute
	}
	return &batchv1.JobArgs{Metadata: m.Args(ctx), Spec: jobSpec(args, account)}
}

func jobSpec(args *Args, account pulumi.StringPtrInput) *batchv1.JobSpecArgs {
	r := args.Run
	spec := &batchv1.JobSpecArgs{
		Template: template(args, account), Completions: intPtr(r.Completions), Parallelism: intPtr(r.Parallelism), BackoffLimit: intPtr(r.BackoffLimit),
		ActiveDeadlineSeconds: seconds(r.ActiveDeadline),
	}
	if r.TTL != nil {
		spec.TtlSecondsAfterFinished = pulumi.Int(int(r.TTL.Seconds()))
	}
	return spec
}

func cronJob(ctx *pulumi.Context, args *Args, account pulumi.StringPtrInput) *batchv1.CronJobArgs {
	t := args.Timetable
	spec := &batchv1.CronJobSpecArgs{
		Schedule: pulumi.String(t.Schedule), Suspend: pulumi.Bool(t.Suspend),
		StartingDeadlineSeconds:    seconds(t.StartingDeadline),
		SuccessfulJobsHistoryLimit: intPtr(t.SuccessfulJobs), FailedJobsHistoryLimit: intPtr(t.FailedJobs),
		JobTemplate: &batchv1.JobTemplateSpecArgs{
			Metadata: &metav1.ObjectMetaArgs{Labels: pulumi.ToStringMap(meta(args).Labels)}, Spec: jobSpec(args, account),
		},
	}
	if t.TimeZone != "" {
		spec.TimeZone = pulumi.String(t.TimeZone)
	}
	if t.ConcurrencyPolicy != "" {
		spec.ConcurrencyPolicy = pulumi.String(t.ConcurrencyPolicy)
	}
	return &batchv1.CronJobArgs{Metadata: meta(args).Args(ctx), Spec: spec}
}

// intPtr returns an input, nil for the default of Kubernetes.
func intPtr(n *int) pulumi.IntPtrInput {
	if n == nil {
		return nil
	}
	return pulumi.Int(*n)
}

// seconds returns an input, nil for no limit.
func seconds(d time.Duration) pulumi.IntPtrInput {
	if d == 0 {
		return nil
	}
	return pulumi.Int(int(d.Seconds()))
}

// checkKind checks what goes with the kind of the app.
func (a *Args) checkKind() error {
	switch {
	case !a.Kind.known():
		return fmt.Errorf("there is no kind %q", a.Kind)
	case a.Kind == CronJob && a.Timetable.Schedule == "":
		return errors.New("a CronJob needs a schedule")
	case a.Kind != StatefulSet && len(a.Stateful.Claims) > 0:
		return errors.New("only a StatefulSet has claims")
	case a.Autoscale != nil && len(a.Autoscale.Streams) > 0 && a.Autoscale.Redis == nil:
		return errors.New("autoscaling by streams needs Redis")
	}
	return nil
}
