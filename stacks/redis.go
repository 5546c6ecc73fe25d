package stacks

import (
	"fmt"
	"maps"
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
// nothing, and returns nil, for a stack that keeps nothing in it. The second result
// is the private authority that signed its certificate, if it has one.
func (s *stack) makeRedis() (*dapr.RedisConnection, *secrets.Ref, error) {
	switch {
	case len(s.cfg.StateStores)+len(s.cfg.PubSubs) == 0:
		return nil, nil, nil
	case s.cfg.Redis.External != nil:
		return s.useExternalRedis(*s.cfg.Redis.External)
	}
	connection, err := s.runRedis()
	return connection, nil, err
}

// runRedis makes the Redis in the cluster.
func (s *stack) runRedis() (*dapr.RedisConnection, error) {
	r := s.cfg.Redis
	password, err := s.makePassword("redis-password", r.Password, map[string]string{redis.AuthFile: redis.AuthTemplate})
	if err != nil {
		return nil, err
	}
	memory, err := resource.ParseQuantity(r.MaxMemory)
	if err != nil {
		return nil, fmt.Errorf("reading redis.maxMemory: %w", err)
	}
	server, err := redis.New(s.ctx, s.name("redis"), &redis.Args{
		Namespace: s.namespace, Auth: password.Ref, Image: r.Image, PullSecrets: s.cfg.ImagePullSecrets,
		Claim: r.ExistingClaim, Storage: r.Storage, StorageClass: r.StorageClass,
		MaxMemory: memory.Value(), Fsync: r.Fsync,
		Resources: kube.Resources(r.Resources), PlatformUser: s.cfg.PlatformUsers,
		RetainData: s.cfg.Keep.Data, ProtectData: s.cfg.Production,
	}, s.cluster)
	if err != nil {
		return nil, err
	}
	return &dapr.RedisConnection{
		Host: server.Host, Password: &password.Ref, After: slices.Concat(password.Ready(), server.Ready()),
	}, nil
}

// useExternalRedis makes the Secrets of what the stack file gives, and refers to the
// others.
func (s *stack) useExternalRedis(e config.ExternalRedis) (connection *dapr.RedisConnection, ca *secrets.Ref, err error) {
	connection = &dapr.RedisConnection{
		Host: e.Host, Cluster: e.Cluster, Username: e.Username, Database: e.Database,
		EnableTLS: e.EnableTLS, InsecureSkipTLSVerify: e.InsecureSkipTLSVerify,
	}
	if connection.Password, err = s.externalPassword(connection, "redis-password", e.Password, e.PasswordSecret); err != nil {
		return nil, nil, err
	}
	if sentinel := e.Sentinel; sentinel != nil {
		connection.Sentinel = &dapr.RedisSentinel{MasterName: sentinel.MasterName, Username: sentinel.Username}
		connection.Sentinel.Password, err = s.externalPassword(connection, "redis-sentinel-password", sentinel.Password, sentinel.PasswordSecret)
		if err != nil {
			return nil, nil, err
		}
	}
	ca, err = s.externalTLS(connection, e)
	return connection, ca, err
}

// externalPassword returns the Secret of a password, which may be there already, or
// nil if none is given.
func (s *stack) externalPassword(c *dapr.RedisConnection, name string, given config.Secret, ref *config.SecretKey) (*secrets.Ref, error) {
	switch {
	case ref != nil:
		return secretRef(*ref), nil
	case given == "":
		return nil, nil
	}
	password, err := s.makePassword(name, given, nil)
	if err != nil {
		return nil, err
	}
	c.After = append(c.After, password.Ready()...)
	return &password.Ref, nil
}

// The keys of a Secret with a certificate, as those of type kubernetes.io/tls have
// them.
const (
	tlsCert = "tls.crt"
	tlsKey  = "tls.key"
)

// externalTLS adds the client's certificate to a connection and returns the private
// authority of Redis.
func (s *stack) externalTLS(c *dapr.RedisConnection, e config.ExternalRedis) (ca *secrets.Ref, err error) {
	given := map[string]string{}
	if e.CACert != "" {
		given[config.RedisCAFile] = e.CACert
	}
	if e.ClientCert != "" {
		given[tlsCert], given[tlsKey] = e.ClientCert, e.ClientKey.Reveal()
	}
	var made *secrets.Given
	if len(given) > 0 {
		made, err = secrets.NewGiven(s.ctx, s.name("redis-tls"), &secrets.GivenArgs{Namespace: s.namespace, Values: given}, s.cluster)
		if err != nil {
			return nil, err
		}
		c.After = append(c.After, made.Ready()...)
	}
	switch {
	case e.ClientCertSecret != "":
		name := pulumi.String(e.ClientCertSecret)
		c.ClientCert, c.ClientKey = &secrets.Ref{Name: name, Key: tlsCert}, &secrets.Ref{Name: name, Key: tlsKey}
	case e.ClientCert != "":
		c.ClientCert, c.ClientKey = new(made.Ref(tlsCert)), new(made.Ref(tlsKey))
	}
	switch {
	case e.CACertSecret != nil:
		return secretRef(*e.CACertSecret), nil
	case e.CACert != "":
		return new(made.Ref(config.RedisCAFile)), nil
	}
	return nil, nil
}

// makePassword makes the Secret of a password, random unless one is given.
func (s *stack) makePassword(name string, given config.Secret, files map[string]string) (*secrets.Password, error) {
	args := &secrets.PasswordArgs{Namespace: s.namespace, Files: files}
	if given != "" {
		args.Given = pulumi.ToSecret(pulumi.String(given.Reveal())).(pulumi.StringOutput)
	}
	return secrets.NewPassword(s.ctx, s.name(name), args, s.cluster)
}

func secretRef(ref config.SecretKey) *secrets.Ref {
	return &secrets.Ref{Name: pulumi.String(ref.Name), Key: ref.Key}
}

// withRefs returns the references of both.
func withRefs(made map[string]secrets.Ref, there map[string]config.SecretKey) map[string]secrets.Ref {
	all := map[string]secrets.Ref{}
	maps.Copy(all, made)
	for name, ref := range there {
		all[name] = *secretRef(ref)
	}
	return all
}
