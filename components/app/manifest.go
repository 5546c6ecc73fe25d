package app

import (
	"fmt"
	"maps"

	appsv1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/apps/v1"
	corev1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/core/v1"
	metav1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/meta/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/daprstack/daprstack/components/dapr"
	"github.com/daprstack/daprstack/components/kube"
)

// meta returns the metadata of each object of the app. The labels select its
// pods and never change.
func meta(args *Args) kube.Meta {
	return kube.Meta{Name: args.Name, Namespace: args.Namespace, Labels: map[string]string{
		"app.kubernetes.io/name": args.Name, "app.kubernetes.io/managed-by": "daprstack",
	}}
}

func account(ctx *pulumi.Context, args *Args) *corev1.ServiceAccountArgs {
	return &corev1.ServiceAccountArgs{
		Metadata: meta(args).Args(ctx), AutomountServiceAccountToken: pulumi.Bool(false),
	}
}

func service(ctx *pulumi.Context, args *Args) *corev1.ServiceArgs {
	return kube.Service(ctx, meta(args), args.Ports)
}

func deployment(ctx *pulumi.Context, args *Args, account pulumi.StringPtrInput) *appsv1.DeploymentArgs {
	labels := meta(args).Labels
	podLabels := maps.Clone(labels)
	template := &metav1.ObjectMetaArgs{}
	if args.Sidecar != nil {
		podLabels[dapr.SidecarLabel] = dapr.SidecarLabelValue // shows the pods to the injector
		template.Annotations = annotations(args.Sidecar)
	}
	template.Labels = pulumi.ToStringMap(podLabels)
	return &appsv1.DeploymentArgs{
		Metadata: meta(args).Args(ctx),
		Spec: &appsv1.DeploymentSpecArgs{
			Replicas: pulumi.Int(args.Replicas),
			Selector: &metav1.LabelSelectorArgs{MatchLabels: pulumi.ToStringMap(labels)},
			Template: &corev1.PodTemplateSpecArgs{Metadata: template, Spec: pod(args, account)},
		},
	}
}

func pod(args *Args, account pulumi.StringPtrInput) *corev1.PodSpecArgs {
	spec := corev1.PodSpecArgs{
		ServiceAccountName: account,
		ImagePullSecrets:   kube.PullSecrets(args.PullSecrets),
	}
	container := corev1.ContainerArgs{
		Name: pulumi.String(args.Name), Image: pulumi.String(args.Image), ImagePullPolicy: pulumi.String(args.ImagePullPolicy),
		Ports:     kube.ContainerPorts(args.Ports),
		Resources: args.Resources.Args(),
		// On the container and not on the pod: daprd has a user of its own.
		SecurityContext: &corev1.SecurityContextArgs{RunAsUser: pulumi.Int(args.User)},
		// Ready as soon as it answers; restarted only after a longer silence.
		ReadinessProbe: probe(args, 1, 3), LivenessProbe: probe(args, 10, 6),
	}
	if len(args.Args) > 0 {
		container.Args = pulumi.ToStringArray(args.Args)
	}
	if len(args.Env) > 0 {
		container.Env = variables(args.Env)
	}
	if len(args.WritablePaths) > 0 {
		var volumes corev1.VolumeArray
		var mounts corev1.VolumeMountArray
		for i, path := range args.WritablePaths {
			name := pulumi.String(fmt.Sprintf("writable-%d", i))
			volumes = append(volumes, corev1.VolumeArgs{Name: name, EmptyDir: &corev1.EmptyDirVolumeSourceArgs{}})
			mounts = append(mounts, corev1.VolumeMountArgs{Name: name, MountPath: pulumi.String(path)})
		}
		spec.Volumes, container.VolumeMounts = volumes, mounts
	}
	return kube.Harden(spec, container)
}

func variables(env []Variable) corev1.EnvVarArray {
	list := make(corev1.EnvVarArray, len(env))
	for i, v := range env {
		variable := corev1.EnvVarArgs{Name: pulumi.String(v.Name)}
		if v.Secret == nil {
			variable.Value = pulumi.String(v.Value)
		} else {
			variable.ValueFrom = &corev1.EnvVarSourceArgs{SecretKeyRef: &corev1.SecretKeySelectorArgs{
				Name: v.Secret.Name.ToStringOutput().ToStringPtrOutput(), Key: pulumi.String(v.Secret.Key),
			}}
		}
		list[i] = variable
	}
	return list
}

func probe(args *Args, period, failures int) *corev1.ProbeArgs {
	return &corev1.ProbeArgs{
		HttpGet:       &corev1.HTTPGetActionArgs{Path: pulumi.String(args.HealthPath), Port: pulumi.String(args.Ports[0].Name)},
		PeriodSeconds: pulumi.Int(period), TimeoutSeconds: pulumi.Int(3), FailureThreshold: pulumi.Int(failures),
	}
}
