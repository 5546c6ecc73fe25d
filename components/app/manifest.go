package app

import (
	"maps"
	"slices"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/daprstack/daprstack/components/dapr"
	"github.com/daprstack/daprstack/components/kube"
	"github.com/daprstack/daprstack/config/rules"
)

// labels identify the app; they select its pods and never change.
func labels(args *Args) map[string]string {
	return map[string]string{
		"app.kubernetes.io/name": args.Name, "app.kubernetes.io/managed-by": "daprstack",
	}
}

func deployment(args *Args, account pulumi.StringInput) kube.Deployment {
	d := kube.Deployment{
		Name: args.Name, Namespace: args.Namespace, Labels: labels(args), Replicas: args.Replicas,
		Pod: kube.Pod{
			ServiceAccount: account,
			PullSecrets:    args.PullSecrets,
			Annotations:    annotations(args.Sidecar),
			Container: kube.Container{
				Name: args.Name, Image: args.Image, PullPolicy: args.ImagePullPolicy, Args: args.Args,
				Env: args.Env, Ports: args.Ports, Resources: args.Resources,
				User: args.User, // here and not on the pod: daprd has one of its own
				// Ready as soon as it answers; restarted only when it has been silent
				// for a while.
				Readiness: probe(args, 1, 3), Liveness: probe(args, 10, 6),
			},
		},
	}
	if args.Sidecar != nil {
		// shows the pods to the injector
		d.Pod.Labels = map[string]string{dapr.SidecarLabel: dapr.SidecarLabelValue}
	}
	for i, path := range args.WritablePaths {
		volume := rules.WritableVolume(i)
		d.Pod.Volumes = append(d.Pod.Volumes, kube.Volume{Name: volume})
		d.Pod.Container.Mounts = append(d.Pod.Container.Mounts, kube.Mount{Volume: volume, Path: path})
	}
	if args.Sidecar != nil {
		for _, name := range slices.Sorted(maps.Keys(args.Sidecar.SecretVolumes)) {
			d.Pod.Volumes = append(d.Pod.Volumes, kube.Volume{
				Name: name, Secret: pulumi.String(args.Sidecar.SecretVolumes[name]), Mode: 0o444, // daprd owns nothing of the pod
			})
		}
	}
	return d
}

// probe asks the main port in the protocol that the app speaks there.
func probe(args *Args, period, failures int) *kube.Probe {
	p := &kube.Probe{Port: args.Ports[0].Name, Period: period, Failures: failures}
	switch args.Protocol {
	case "grpc":
		p.GRPC = args.Ports[0].Number // Kubernetes takes no name there
	case "grpcs", "h2c": // Kubernetes speaks neither: whether it listens
	case "https":
		p.Path, p.TLS = args.HealthPath, true
	default:
		p.Path = args.HealthPath
	}
	return p
}
