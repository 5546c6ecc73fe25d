package stacks

import (
	"fmt"
	"slices"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"k8s.io/apimachinery/pkg/api/resource"

	"github.com/daprstack/daprstack/components/dapr"
	"github.com/daprstack/daprstack/components/kube"
	"github.com/daprstack/daprstack/components/redis"
	"github.com/daprstack/daprstack/components/secrets"
	"github.com/daprstack/daprstack/config"
)

// makeRedis makes Redis with its password, or takes the external one. It makes
// nothing, and returns nil, for a stack that keeps nothing in it.
func (s *stack) makeRedis() (*dapr.RedisConnection, error) {
	r := s.cfg.Redis
	if len(s.cfg.StateStores)+len(s.cfg.PubSubs) == 0 {
		return nil, nil
	}
	if r.External != nil {
		return s.useExternalRedis(r.External)
	}
	password, err := s.makePassword(r.Password, map[string]string{redis.AuthFile: redis.AuthTemplate})
	if err != nil {
		return nil, err
	}
	memory, err := resource.ParseQuantity(r.MaxMemory)
	if err != nil {
		return nil, fmt.Errorf("reading redis.maxMemory: %w", err)
	}
	server, err := redis.New(s.ctx, "redis", &redis.Args{
		Namespace: s.namespace, Auth: password.Ref, Image: r.Image, PullSecrets: s.cfg.ImagePullSecrets,
		Storage: r.Storage, StorageClass: r.StorageClass,
		MaxMemory: memory.Value(), Fsync: r.Fsync,
		Resources:  kube.Resources(r.Resources),
		RetainData: s.cfg.Keep.Data,
	}, s.cluster)
	if err != nil {
		return nil, err
	}
	return &dapr.RedisConnection{
		Host: server.Host, Password: &password.Ref, After: slices.Concat(password.Ready(), server.Ready()),
	}, nil
}

func (s *stack) useExternalRedis(e *config.ExternalRedis) (*dapr.RedisConnection, error) {
	connection := &dapr.RedisConnection{Host: e.Host, EnableTLS: e.EnableTLS, Username: e.Username, Database: e.Database}
	switch {
	case !*e.Auth:
	case e.PasswordSecret != nil:
		connection.Password = secretRef(*e.PasswordSecret)
	default:
		password, err := s.makePassword(e.Password, nil)
		if err != nil {
			return nil, err
		}
		connection.Password, connection.After = &password.Ref, password.Ready()
	}
	return connection, nil
}

// makePassword makes the Secret of a password, random unless one is given.
func (s *stack) makePassword(given config.Secret, files map[string]string) (*secrets.Password, error) {
	args := &secrets.PasswordArgs{Namespace: s.namespace, Files: files}
	if given != "" {
		args.Given = pulumi.ToSecret(pulumi.String(given.Reveal())).(pulumi.StringOutput)
	}
	return secrets.NewPassword(s.ctx, "redis-password", args, s.cluster)
}

func secretRef(ref config.SecretKey) *secrets.Ref {
	return &secrets.Ref{Name: pulumi.String(ref.Name), Key: ref.Key}
}
