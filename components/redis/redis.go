package redis

import (
	"errors"
	"fmt"

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

// AuthFile is the key of the password Secret that holds the piece of
// redis.conf with the password, and AuthTemplate what stands in it: see
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
	// Storage is the size of the volume. Required.
	Storage string
	// StorageClass of the volume. Default the cluster's default class.
	StorageClass string
	// MaxMemory is the limit of the data set in bytes; at the limit, writes fail.
	// Required.
	MaxMemory int64
	// Fsync says when a write reaches the disk: always or everysec. Required.
	Fsync string
	// Requests and Limits of the container. Default none.
	Requests, Limits map[string]string
	// RetainData keeps the volume when Redis is removed. Default false.
	RetainData bool
}

func (a *Args) check() error {
	switch {
	case a == nil:
		return errors.New("arguments are required")
	case a.Namespace == nil:
		return errors.New("a namespace is required")
	case a.Auth.Name == nil || a.Auth.Key == "":
		return errors.New("the Secret of the password is required")
	case a.Image == "" || a.Storage == "" || a.Fsync == "":
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

	deployment, service *kube.Object
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
	volume, err := kube.Claim(args.Namespace, labels, args.Storage, args.StorageClass).
		Register(ctx, name+"-data", child, pulumi.RetainOnDelete(args.RetainData))
	if err != nil {
		return nil, err
	}
	r.service, err = kube.Service(Service, args.Namespace, labels, ports).Register(ctx, name+"-service", child)
	if err != nil {
		return nil, err
	}
	r.deployment, err = deployment(args, volume.Name()).Manifest().Register(ctx, name+"-server", child)
	if err != nil {
		return nil, err
	}
	return r, ctx.RegisterResourceOutputs(r, pulumi.Map{"host": pulumi.String(r.Host)})
}

// Ready returns what has to be there before Redis can be used.
func (r *Redis) Ready() []pulumi.Resource { return []pulumi.Resource{r.deployment, r.service} }
