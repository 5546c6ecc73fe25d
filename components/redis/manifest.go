package redis

import (
	"strconv"

	appsv1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/apps/v1"
	corev1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/core/v1"
	metav1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/meta/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/daprstack/daprstack/components/kube"
)

const (
	user    = 999 // of the official image
	dataDir = "/data"
	authDir = "/etc/redis/auth"
)

var (
	labels = map[string]string{"app.kubernetes.io/name": "redis"}
	ports  = []kube.Port{{Name: "redis", Number: Port}}
)

// arguments returns the command line of the server. Its configuration is there
// because a change then rolls the pod; the password is in the included file.
func arguments(args *Args) []string {
	return []string{
		"redis-server",
		"--include", authDir + "/" + AuthFile,
		"--dir", dataDir,
		"--appendonly", "yes",
		"--appendfsync", args.Fsync,
		"--save", "",
		"--maxmemory", strconv.FormatInt(args.MaxMemory, 10),
		"--maxmemory-policy", "noeviction",
	}
}

// claim returns the volume claim, for one pod at a time. It is not awaited: it
// may stay unbound until its first pod.
func claim(ctx *pulumi.Context, args *Args) *corev1.PersistentVolumeClaimArgs {
	spec := &corev1.PersistentVolumeClaimSpecArgs{
		AccessModes: pulumi.ToStringArray([]string{"ReadWriteOnce"}),
		Resources: &corev1.VolumeResourceRequirementsArgs{
			Requests: pulumi.StringMap{"storage": pulumi.String(args.Storage)},
		},
	}
	if args.StorageClass != "" {
		spec.StorageClassName = pulumi.String(args.StorageClass)
	}
	return &corev1.PersistentVolumeClaimArgs{
		Metadata: kube.Meta{Name: Claim, Namespace: args.Namespace, Labels: labels, SkipAwait: true}.Args(ctx),
		Spec:     spec,
	}
}

func service(ctx *pulumi.Context, args *Args) *corev1.ServiceArgs {
	return kube.Service(ctx, kube.Meta{Name: Service, Namespace: args.Namespace, Labels: labels}, labels, ports)
}

// deployment returns a Deployment of one pod, replaced as a whole: two servers
// must never write the same volume.
func deployment(ctx *pulumi.Context, args *Args, claim pulumi.StringPtrInput) *appsv1.DeploymentArgs {
	pod := corev1.PodSpecArgs{
		ImagePullSecrets: kube.PullSecrets(args.PullSecrets),
		Volumes: corev1.VolumeArray{
			corev1.VolumeArgs{Name: pulumi.String("data"), PersistentVolumeClaim: &corev1.PersistentVolumeClaimVolumeSourceArgs{
				ClaimName: claim.ToStringPtrOutput().Elem(),
			}},
			corev1.VolumeArgs{Name: pulumi.String("auth"), Secret: &corev1.SecretVolumeSourceArgs{
				SecretName:  args.Auth.Name.ToStringOutput().ToStringPtrOutput(),
				DefaultMode: pulumi.Int(0o440),
				Items:       corev1.KeyToPathArray{corev1.KeyToPathArgs{Key: pulumi.String(AuthFile), Path: pulumi.String(AuthFile)}},
			}},
		},
	}
	if !args.PlatformUser {
		pod.SecurityContext = &corev1.PodSecurityContextArgs{
			RunAsUser: pulumi.Int(user), RunAsGroup: pulumi.Int(user), FsGroup: pulumi.Int(user),
		}
	}
	server := corev1.ContainerArgs{
		Name: pulumi.String("redis"), Image: pulumi.String(args.Image), Command: pulumi.ToStringArray(arguments(args)),
		Env: corev1.EnvVarArray{
			// The probes' redis-cli reads its password here.
			corev1.EnvVarArgs{Name: pulumi.String("REDISCLI_AUTH"), ValueFrom: &corev1.EnvVarSourceArgs{
				SecretKeyRef: &corev1.SecretKeySelectorArgs{
					Name: args.Auth.Name.ToStringOutput().ToStringPtrOutput(), Key: pulumi.String(args.Auth.Key),
				},
			}},
		},
		Ports:     kube.ContainerPorts(ports),
		Resources: args.Resources.Args(),
		// Ready as soon as it is up; alive as long as it answers at all, even while
		// it loads a large file.
		StartupProbe: ping(1, 120), ReadinessProbe: ping(5, 3), LivenessProbe: ping(10, 6),
		VolumeMounts: corev1.VolumeMountArray{
			corev1.VolumeMountArgs{Name: pulumi.String("data"), MountPath: pulumi.String(dataDir)},
			corev1.VolumeMountArgs{Name: pulumi.String("auth"), MountPath: pulumi.String(authDir), ReadOnly: pulumi.Bool(true)},
		},
	}
	return &appsv1.DeploymentArgs{
		Metadata: kube.Meta{Name: Service, Namespace: args.Namespace, Labels: labels}.Args(ctx),
		Spec: &appsv1.DeploymentSpecArgs{
			Replicas: pulumi.Int(1),
			Selector: &metav1.LabelSelectorArgs{MatchLabels: pulumi.ToStringMap(labels)},
			Strategy: &appsv1.DeploymentStrategyArgs{Type: pulumi.String("Recreate")},
			Template: &corev1.PodTemplateSpecArgs{
				Metadata: &metav1.ObjectMetaArgs{Labels: pulumi.ToStringMap(labels)},
				Spec:     kube.Harden(pod, server),
			},
		},
	}
}

// ping returns a probe that asks the server itself; -e makes an error reply a
// failure.
func ping(period, failures int) *corev1.ProbeArgs {
	return &corev1.ProbeArgs{
		Exec:          &corev1.ExecActionArgs{Command: pulumi.ToStringArray([]string{"redis-cli", "-e", "ping"})},
		PeriodSeconds: pulumi.Int(period), TimeoutSeconds: pulumi.Int(3), FailureThreshold: pulumi.Int(failures),
	}
}
