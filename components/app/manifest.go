package app

import (
	"cmp"
	"maps"
	"slices"
	"time"

	corev1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/core/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/daprstack/daprstack/components/kube"
	"github.com/daprstack/daprstack/config/rules"
)

// meta returns the metadata of each object of the app.
func meta(args *Args) kube.Meta {
	return kube.Meta{Name: args.Name, Namespace: args.Namespace, Labels: beside(args.Labels, selected(args))}
}

// selected returns the labels that select the pods of the app. They never change.
func selected(args *Args) map[string]string { return rules.PodLabels(args.Name, false) }

// beside returns what was given, and ours.
func beside(given, ours map[string]string) map[string]string {
	all := maps.Clone(given)
	if all == nil {
		return ours
	}
	maps.Copy(all, ours)
	return all
}

func account(ctx *pulumi.Context, args *Args) *corev1.ServiceAccountArgs {
	metadata := meta(args)
	metadata.Annotations = args.ServiceAccount.Annotations
	return &corev1.ServiceAccountArgs{
		Metadata: metadata.Args(ctx), AutomountServiceAccountToken: pulumi.Bool(false),
	}
}

func pod(args *Args, account pulumi.StringPtrInput) *corev1.PodSpecArgs {
	spec := corev1.PodSpecArgs{
		ServiceAccountName: account,
		ImagePullSecrets:   kube.PullSecrets(args.PullSecrets),
	}
	if args.Grace > 0 {
		spec.TerminationGracePeriodSeconds = pulumi.Int(args.Grace / time.Second)
	}
	container := corev1.ContainerArgs{
		Name: pulumi.String(args.Name), Image: pulumi.String(args.Image), ImagePullPolicy: pulumi.String(args.ImagePullPolicy),
		Resources: args.Resources.Args(),
	}
	if len(args.Ports) > 0 {
		container.Ports = kube.ContainerPorts(args.Ports)
	}
	if args.Kind.ends() {
		spec.RestartPolicy = pulumi.String(cmp.Or(args.Run.RestartPolicy, "Never"))
	}
	if args.probed() {
		// Ready as soon as it answers; restarted only after a longer silence.
		container.ReadinessProbe, container.LivenessProbe = probe(args, 1, 3), probe(args, 10, 6)
		if args.Startup > 0 {
			container.StartupProbe = probe(args, 1, int(args.Startup/time.Second))
		}
	}
	if !args.PlatformUser {
		// On the container and not on the pod: daprd has a user of its own.
		container.SecurityContext = &corev1.SecurityContextArgs{RunAsUser: pulumi.Int(args.User)}
	}
	if args.Command != nil {
		container.Command = args.Command
	}
	if args.Args != nil {
		container.Args = args.Args
	}
	if len(args.Env) > 0 {
		container.Env = variables(args.Env)
	}
	volumes, mounts := volumes(args)
	if len(volumes) > 0 {
		spec.Volumes = volumes
	}
	if len(args.Stateful.Claims) > 0 && !args.PlatformUser { // a volume of its own belongs to root otherwise
		spec.SecurityContext = &corev1.PodSecurityContextArgs{FsGroup: pulumi.Int(args.User)}
	}
	if len(mounts) > 0 {
		container.VolumeMounts = mounts
	}
	hardened := kube.Harden(spec, container)
	if args.ServiceAccount.Token {
		hardened.AutomountServiceAccountToken = pulumi.Bool(true)
	}
	return hardened
}

// volumes returns the volumes that the app writes to, with their mounts, and
// those of its sidecar, which the injector mounts.
func volumes(args *Args) (volumes corev1.VolumeArray, mounts corev1.VolumeMountArray) {
	for i, path := range args.WritablePaths {
		name := pulumi.String(rules.WritableVolume(i))
		volumes = append(volumes, corev1.VolumeArgs{Name: name, EmptyDir: &corev1.EmptyDirVolumeSourceArgs{}})
		mounts = append(mounts, corev1.VolumeMountArgs{Name: name, MountPath: pulumi.String(path)})
	}
	for _, c := range args.Stateful.Claims { // their volumes are those of the templates
		mounts = append(mounts, corev1.VolumeMountArgs{Name: pulumi.String(c.Name), MountPath: pulumi.String(c.Path)})
	}
	if args.Sidecar == nil {
		return volumes, mounts
	}
	for _, name := range slices.Sorted(maps.Keys(args.Sidecar.SecretVolumes)) {
		volumes = append(volumes, corev1.VolumeArgs{Name: pulumi.String(name), Secret: &corev1.SecretVolumeSourceArgs{
			SecretName:  pulumi.String(args.Sidecar.SecretVolumes[name]),
			DefaultMode: pulumi.Int(0o444), // daprd runs as a user that owns no volume of the pod
		}})
	}
	if ca := args.Sidecar.RedisCA; ca != nil {
		volumes = append(volumes, corev1.VolumeArgs{Name: pulumi.String(rules.RedisCAVolume), Secret: &corev1.SecretVolumeSourceArgs{
			SecretName:  ca.Name.ToStringOutput().ToStringPtrOutput(),
			Items:       corev1.KeyToPathArray{corev1.KeyToPathArgs{Key: pulumi.String(ca.Key), Path: pulumi.String("ca.crt")}},
			DefaultMode: pulumi.Int(0o444),
		}})
	}
	return volumes, mounts
}

func variables(env []Variable) corev1.EnvVarArray {
	list := make(corev1.EnvVarArray, len(env))
	for i, v := range env {
		variable := corev1.EnvVarArgs{Name: pulumi.String(v.Name)}
		switch {
		case v.ConfigMap != nil:
			variable.ValueFrom = &corev1.EnvVarSourceArgs{ConfigMapKeyRef: &corev1.ConfigMapKeySelectorArgs{
				Name: pulumi.String(v.ConfigMap.Name), Key: pulumi.String(v.ConfigMap.Key),
			}}
		case v.Secret == nil:
			variable.Value = pulumi.String(v.Value)
		default:
			variable.ValueFrom = &corev1.EnvVarSourceArgs{SecretKeyRef: &corev1.SecretKeySelectorArgs{
				Name: v.Secret.Name.ToStringOutput().ToStringPtrOutput(), Key: pulumi.String(v.Secret.Key),
			}}
		}
		list[i] = variable
	}
	return list
}

// probe returns a probe of the main port, in the protocol that the app speaks
// there.
func probe(args *Args, period, failures int) *corev1.ProbeArgs {
	p := &corev1.ProbeArgs{
		PeriodSeconds: pulumi.Int(period), TimeoutSeconds: pulumi.Int(3), FailureThreshold: pulumi.Int(failures),
	}
	port := pulumi.String(args.Ports[0].Name)
	switch args.Protocol {
	case "grpc":
		p.Grpc = &corev1.GRPCActionArgs{Port: pulumi.Int(args.Ports[0].Number)} // it takes no port name
	case "grpcs", "h2c": // Kubernetes speaks neither
		p.TcpSocket = &corev1.TCPSocketActionArgs{Port: port}
	case "https":
		p.HttpGet = &corev1.HTTPGetActionArgs{Path: pulumi.String(args.HealthPath), Port: port, Scheme: pulumi.String("HTTPS")}
	default:
		p.HttpGet = &corev1.HTTPGetActionArgs{Path: pulumi.String(args.HealthPath), Port: port}
	}
	return p
}
