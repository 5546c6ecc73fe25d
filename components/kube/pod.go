package kube

import (
	"cmp"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// SecretKey is one key of a Secret.
type SecretKey struct {
	Name pulumi.StringInput // of the Secret
	Key  string             // in the Secret
}

// Deployment is a Deployment to be.
type Deployment struct {
	// Name and Namespace. Required.
	Name      string
	Namespace pulumi.StringInput
	// Labels select its pods and never change. Required.
	Labels map[string]string
	// Replicas is the number of pods.
	Replicas int
	// Recreate removes the old pod before it starts the new one, for pods that
	// own a volume. Default false: one after the other.
	Recreate bool
	// Pod is what it runs.
	Pod Pod
}

// Pod is a pod to be, hardened: not root, no token of the cluster, the runtime's
// seccomp profile.
type Pod struct {
	// Labels beside those of the Deployment. Default none.
	Labels map[string]string
	// Annotations. Default none.
	Annotations pulumi.StringMap
	// ServiceAccount it runs as. Default the namespace's.
	ServiceAccount pulumi.StringInput
	// PullSecrets are Secrets with registry credentials. Default none.
	PullSecrets []string
	// User that every container runs as and that owns the volumes. Default that
	// of each container.
	User int
	// Container that it runs.
	Container Container
	// Volumes for the mounts of the container.
	Volumes []Volume
}

// Container is a container to be, hardened: a read-only root file system, no
// capabilities, no way to more privileges.
type Container struct {
	Name, Image string
	PullPolicy  string   // default: what Kubernetes does for the tag
	Command     []string // default: the image's
	Args        []string // default: the image's
	Env         []Variable
	Ports       []Port
	Resources   Resources
	User        int // default: the pod's
	Mounts      []Mount
	// Probes; a nil one is left out.
	Startup, Readiness, Liveness *Probe
}

// Variable is one environment variable: a plain value or a key of a Secret.
type Variable struct {
	Name   string
	Value  string
	Secret *SecretKey // used instead of Value
}

// Resources are the requests and limits of one container.
type Resources struct{ Requests, Limits map[string]string }

// Probe asks a container how it is: by HTTP, by gRPC, by a command, or, with none
// of these, by whether the port listens.
type Probe struct {
	Path, Port       string   // HTTP: path, and name of the port
	TLS              bool     // HTTP over TLS; the certificate is not verified
	GRPC             int      // the port's number, for gRPC's health service
	Command          []string // instead of HTTP
	Period, Failures int      // seconds between two, and how many in a row count
}

// Volume is one volume of a pod: a claim, a Secret, or an empty directory when
// neither is given.
type Volume struct {
	Name        string
	Claim       pulumi.StringInput
	Secret      pulumi.StringInput
	SecretFiles []string // the keys of the Secret that are mounted
	Mode        int      // of the Secret's files; default 0440
}

// Mount puts a volume into a container.
type Mount struct {
	Volume, Path string
	ReadOnly     bool
}

// Manifest is the manifest of the Deployment.
func (d Deployment) Manifest() Manifest {
	labels := pulumi.ToStringMap(d.Labels)
	podLabels := pulumi.ToStringMap(d.Labels)
	for key, value := range d.Pod.Labels {
		podLabels[key] = pulumi.String(value)
	}
	metadata := pulumi.Map{"labels": podLabels}
	if len(d.Pod.Annotations) > 0 {
		metadata["annotations"] = d.Pod.Annotations
	}
	spec := pulumi.Map{
		"replicas": pulumi.Int(d.Replicas),
		"selector": pulumi.Map{"matchLabels": labels},
		"template": pulumi.Map{"metadata": metadata, "spec": d.Pod.spec()},
	}
	if d.Recreate {
		spec["strategy"] = pulumi.Map{"type": pulumi.String("Recreate")}
	}
	return Manifest{
		APIVersion: "apps/v1", Kind: "Deployment", Name: d.Name, Namespace: d.Namespace, Labels: d.Labels,
		Fields: pulumi.Map{"spec": spec},
	}
}

func (p Pod) spec() pulumi.Map {
	security := pulumi.Map{
		"runAsNonRoot":   pulumi.Bool(true),
		"seccompProfile": pulumi.Map{"type": pulumi.String("RuntimeDefault")},
	}
	if p.User > 0 {
		security["runAsUser"] = pulumi.Int(p.User)
		security["runAsGroup"] = pulumi.Int(p.User)
		security["fsGroup"] = pulumi.Int(p.User)
	}
	spec := pulumi.Map{
		"automountServiceAccountToken": pulumi.Bool(false),
		"enableServiceLinks":           pulumi.Bool(false),
		"securityContext":              security,
		"containers":                   pulumi.MapArray{p.Container.inputs()},
	}
	if p.ServiceAccount != nil {
		spec["serviceAccountName"] = p.ServiceAccount
	}
	setList(spec, "imagePullSecrets", p.PullSecrets, func(name string) pulumi.Map {
		return pulumi.Map{"name": pulumi.String(name)}
	})
	setList(spec, "volumes", p.Volumes, Volume.inputs)
	return spec
}

func (c Container) inputs() pulumi.Map {
	security := pulumi.Map{
		"allowPrivilegeEscalation": pulumi.Bool(false),
		"readOnlyRootFilesystem":   pulumi.Bool(true),
		"capabilities":             pulumi.Map{"drop": pulumi.ToStringArray([]string{"ALL"})},
	}
	if c.User > 0 {
		security["runAsUser"] = pulumi.Int(c.User)
	}
	in := pulumi.Map{
		"name": pulumi.String(c.Name), "image": pulumi.String(c.Image), "securityContext": security,
	}
	if c.PullPolicy != "" {
		in["imagePullPolicy"] = pulumi.String(c.PullPolicy)
	}
	if len(c.Command) > 0 {
		in["command"] = pulumi.ToStringArray(c.Command)
	}
	if len(c.Args) > 0 {
		in["args"] = pulumi.ToStringArray(c.Args)
	}
	setList(in, "env", c.Env, Variable.inputs)
	setList(in, "ports", c.Ports, func(p Port) pulumi.Map {
		return pulumi.Map{"name": pulumi.String(p.Name), "containerPort": pulumi.Int(p.Number)}
	})
	setList(in, "volumeMounts", c.Mounts, Mount.inputs)
	resources := pulumi.Map{}
	if len(c.Resources.Requests) > 0 {
		resources["requests"] = pulumi.ToStringMap(c.Resources.Requests)
	}
	if len(c.Resources.Limits) > 0 {
		resources["limits"] = pulumi.ToStringMap(c.Resources.Limits)
	}
	if len(resources) > 0 {
		in["resources"] = resources
	}
	for name, probe := range map[string]*Probe{
		"startupProbe": c.Startup, "readinessProbe": c.Readiness, "livenessProbe": c.Liveness,
	} {
		if probe != nil {
			in[name] = probe.inputs()
		}
	}
	return in
}

func (v Variable) inputs() pulumi.Map {
	if v.Secret == nil {
		return pulumi.Map{"name": pulumi.String(v.Name), "value": pulumi.String(v.Value)}
	}
	return pulumi.Map{"name": pulumi.String(v.Name), "valueFrom": pulumi.Map{"secretKeyRef": pulumi.Map{
		"name": v.Secret.Name, "key": pulumi.String(v.Secret.Key),
	}}}
}

func (p Probe) inputs() pulumi.Map {
	in := pulumi.Map{
		"periodSeconds": pulumi.Int(p.Period), "timeoutSeconds": pulumi.Int(3), "failureThreshold": pulumi.Int(p.Failures),
	}
	switch {
	case p.Command != nil:
		in["exec"] = pulumi.Map{"command": pulumi.ToStringArray(p.Command)}
	case p.GRPC != 0:
		in["grpc"] = pulumi.Map{"port": pulumi.Int(p.GRPC)}
	case p.Path == "":
		in["tcpSocket"] = pulumi.Map{"port": pulumi.String(p.Port)}
	default:
		get := pulumi.Map{"path": pulumi.String(p.Path), "port": pulumi.String(p.Port)}
		if p.TLS {
			get["scheme"] = pulumi.String("HTTPS")
		}
		in["httpGet"] = get
	}
	return in
}

func (v Volume) inputs() pulumi.Map {
	in := pulumi.Map{"name": pulumi.String(v.Name)}
	switch {
	case v.Claim != nil:
		in["persistentVolumeClaim"] = pulumi.Map{"claimName": v.Claim}
	case v.Secret != nil:
		secret := pulumi.Map{"secretName": v.Secret, "defaultMode": pulumi.Int(cmp.Or(v.Mode, 0o440))}
		setList(secret, "items", v.SecretFiles, func(key string) pulumi.Map {
			return pulumi.Map{"key": pulumi.String(key), "path": pulumi.String(key)}
		})
		in["secret"] = secret
	default:
		in["emptyDir"] = pulumi.Map{}
	}
	return in
}

func (m Mount) inputs() pulumi.Map {
	in := pulumi.Map{"name": pulumi.String(m.Volume), "mountPath": pulumi.String(m.Path)}
	if m.ReadOnly {
		in["readOnly"] = pulumi.Bool(true)
	}
	return in
}

// setList sets a list field, unless the list is empty: the cluster does not keep
// empty lists, and a refresh would find a difference.
func setList[T any](in pulumi.Map, key string, items []T, render func(T) pulumi.Map) {
	if len(items) == 0 {
		return
	}
	list := make(pulumi.MapArray, len(items))
	for i, item := range items {
		list[i] = render(item)
	}
	in[key] = list
}
