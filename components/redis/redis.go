package redis

import (
	"errors"
	"fmt"

	appsv1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/apps/v1"
	corev1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/core/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/daprstack/daprstack/components/kube"
	"github.com/daprstack/daprstack/components/secrets"
)

// Type is the type token of [Redis].
const Type = "daprstack:redis:Redis"

// The name of the Service and the port, as the components address them.
const (
	Service = "redis-master"
	Port    = 6379
)

// Claim is the name of the volume claim. It is the same every time, so that a
// server finds the data of the one before it.
const Claim = "redis-data"

// AuthFile is the key of the password Secret that holds the piece of
// redis.conf with the password, and AuthTemplate is its content: see
// [secrets.PasswordArgs].
const (
	AuthFile     = "auth.conf"
	AuthTemplate = "requirepass \"{password}\"\n"
)

// Args are the arguments of [New].
type Args struct {
	// Namespace of Redis. Required.
	Namespace pulumi.StringInput
	// Auth is the Secret with the password and with [AuthFile]. Required.
	Auth secrets.Ref
	// Image of Redis, at least 7.0. Required.
	Image string
	// PullSecrets are Secrets with registry credentials. Default none.
	PullSecrets []string
	// Claim names an existing volume claim, which is left as it is. Default none:
	// the server gets one of its own, [Claim].
	Claim string
	// Storage is the size of the volume. Required without Claim.
	Storage string
	// StorageClass of the volume. Default the cluster's default class.
	StorageClass string
	// MaxMemory is the limit of the data set in bytes; at the limit, writes fail.
	// Required.
	MaxMemory int64
	// Fsync is when a write reaches the disk: always or everysec. Required.
	Fsync string
	// Resources of the container. Default none.
	Resources kube.Resources
	// PlatformUser leaves it to the cluster which user and group the server runs as.
	// Default false: those of the official image.
	PlatformUser bool
	// RetainData keeps the volume when Redis is removed; the next server finds it
	// again. Default false.
	RetainData bool
	// ProtectData makes the engine refuse to delete or replace the volume. Default
	// false.
	ProtectData bool
}

func (a *Args) check() error {
	switch {
	case a == nil:
		return errors.New("arguments are required")
	case a.Namespace == nil:
		return errors.New("a namespace is required")
	case a.Auth.Name == nil || a.Auth.Key == "":
		return errors.New("the Secret of the password is required")
	case a.Image == "" || a.Fsync == "" || a.Claim == "" && a.Storage == "":
		return errors.New("image, storage and fsync are required")
	case a.MaxMemory <= 0:
		return errors.New("maxMemory must be positive")
	}
	return nil
}

// Redis is a Redis server in the cluster: Deployment, Service and volume.
type Redis struct {
	pulumi.ResourceState

	// Host is its address, host:port, inside its namespace.
	Host string

	deployment *appsv1.Deployment
	service    *corev1.Service
}

// New makes a Redis server.
func New(ctx *pulumi.Context, name string, args *Args, opts ...pulumi.ResourceOption) (*Redis, error) {
	if err := args.check(); err != nil {
		return nil, fmt.Errorf("redis %q: %w", name, err)
	}
	r := &Redis{Host: fmt.Sprintf("%s:%d", Service, Port)}
	if err := ctx.RegisterComponentResource(Type, name, r, opts...); err != nil {
		return nil, fmt.Errorf("registering redis %q: %w", name, err)
	}
	child := pulumi.Parent(r)
	volume, err := r.volume(ctx, name, args)
	if err != nil {
		return nil, fmt.Errorf("making the volume of redis %q: %w", name, err)
	}
	r.service, err = corev1.NewService(ctx, name+"-service", service(ctx, args), child)
	if err != nil {
		return nil, fmt.Errorf("making the Service of redis %q: %w", name, err)
	}
	r.deployment, err = appsv1.NewDeployment(ctx, name+"-server", deployment(ctx, args, volume), child)
	if err != nil {
		return nil, fmt.Errorf("making the server of redis %q: %w", name, err)
	}
	return r, ctx.RegisterResourceOutputs(r, pulumi.Map{"host": pulumi.String(r.Host)})
}

// volume returns the name of the claim, after making it unless it exists.
func (r *Redis) volume(ctx *pulumi.Context, name string, args *Args) (pulumi.StringPtrInput, error) {
	if args.Claim != "" {
		return pulumi.String(args.Claim), nil
	}
	made, err := corev1.NewPersistentVolumeClaim(ctx, name+"-data", claim(ctx, args), pulumi.Parent(r),
		pulumi.RetainOnDelete(args.RetainData), pulumi.Protect(args.ProtectData),
		// A claim that the engine named, before there was a name that lasts, stays.
		pulumi.IgnoreChanges([]string{"metadata.name"}))
	if err != nil {
		return nil, err
	}
	return made.Metadata.Name(), nil
}

// Ready returns the resources that exist once Redis can be used.
func (r *Redis) Ready() []pulumi.Resource { return []pulumi.Resource{r.deployment, r.service} }
