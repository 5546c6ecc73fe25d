package streams

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"strconv"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/daprstack/daprstack/config"
	"github.com/daprstack/daprstack/internal/cluster"
)

// ErrNotFromHere means that this machine does not reach an external Redis. The pods
// may reach it all the same.
var ErrNotFromHere = errors.New("this machine does not reach Redis")

// reachTime limits how long it may take to find out.
const reachTime = 10 * time.Second

// Open connects to the Redis of a component of a stack as the component's sidecars
// do, by the items of the Component and the Secrets that they refer to: to the pod
// of the Redis in the cluster, or from this machine to an external one. It fails
// with [ErrNotFromHere] if that cannot be reached.
func Open(ctx context.Context, c *cluster.Client, stack *config.Stack, component string) (*Client, error) {
	items, err := itemsOf(ctx, c, stack.Namespace, component)
	if err != nil {
		return nil, fmt.Errorf("reading component %s: %w", component, err)
	}
	if items["useEntraID"] == "true" {
		return nil, fmt.Errorf("%w: its sidecars log in by Entra ID", ErrNotFromHere)
	}
	options, err := optionsOf(items)
	if err != nil {
		return nil, fmt.Errorf("reading component %s: %w", component, err)
	}
	external := stack.Redis.External
	switch {
	case external == nil:
		options.Dialer = func(ctx context.Context, _, _ string) (net.Conn, error) {
			return dial(ctx, c, stack.Namespace)
		}
	case options.TLSConfig != nil:
		if options.TLSConfig.RootCAs, err = authorities(ctx, c, stack.Namespace, *external); err != nil {
			return nil, err
		}
	}
	client, err := connect(ctx, options)
	if external != nil && err != nil && !answered(err) {
		err = fmt.Errorf("%w: %w", ErrNotFromHere, err)
	}
	return client, err
}

// connect returns a client of a Redis that answers.
func connect(ctx context.Context, options *redis.UniversalOptions) (*Client, error) {
	client := New(options)
	if err := client.reach(ctx, options); err != nil {
		return nil, errors.Join(err, client.Close())
	}
	return client, nil
}

// reach fails if Redis does not answer.
func (c *Client) reach(ctx context.Context, options *redis.UniversalOptions) error {
	ctx, cancel := context.WithTimeout(ctx, reachTime)
	defer cancel()
	err := c.redis.Ping(ctx).Err()
	if err != nil && options.MasterName != "" && !answered(err) {
		err = errors.Join(err, askSentinels(ctx, options)) // the library keeps only the text of what they answer
	}
	if err != nil {
		return fmt.Errorf("reaching Redis: %w", err)
	}
	return nil
}

// askSentinels returns why each sentinel does not tell the address of the master.
func askSentinels(ctx context.Context, options *redis.UniversalOptions) error {
	var problems []error
	for _, address := range options.Addrs {
		sentinel := redis.NewSentinelClient(&redis.Options{
			Addr: address, Username: options.SentinelUsername, Password: options.SentinelPassword, TLSConfig: options.TLSConfig,
			Protocol: 2, DisableIdentity: true, ContextTimeoutEnabled: true, MaxRetries: -1,
		})
		_, err := sentinel.GetMasterAddrByName(ctx, options.MasterName).Result()
		if errors.Is(err, redis.Nil) {
			err = fmt.Errorf("knows no master %q: %w", options.MasterName, err)
		}
		if err != nil {
			problems = append(problems, fmt.Errorf("sentinel %s: %w", address, err))
		}
		problems = append(problems, sentinel.Close())
	}
	return errors.Join(problems...)
}

// answered reports whether an error is what a Redis says, or what is wrong with its
// certificate, so that pods fare no better.
func answered(err error) bool {
	var said redis.Error
	var certificate *tls.CertificateVerificationError
	return errors.As(err, &said) || errors.As(err, &certificate)
}

// itemsOf returns the metadata of a Component, with the values that its Secrets hold.
func itemsOf(ctx context.Context, c *cluster.Client, namespace, component string) (map[string]string, error) {
	object, err := c.Objects.Resource(cluster.Components).Namespace(namespace).Get(ctx, component, metav1.GetOptions{})
	if err != nil {
		return nil, err
	}
	raw, err := json.Marshal(object.Object["spec"])
	if err != nil {
		return nil, err
	}
	var spec struct {
		Metadata []struct {
			Name         string
			Value        any
			SecretKeyRef struct{ Name, Key string }
		}
	}
	if err := json.Unmarshal(raw, &spec); err != nil {
		return nil, err
	}
	items := map[string]string{}
	for _, item := range spec.Metadata {
		if item.SecretKeyRef.Name == "" {
			items[item.Name] = fmt.Sprint(item.Value)
			continue
		}
		if items[item.Name], err = secret(ctx, c, namespace, item.SecretKeyRef.Name, item.SecretKeyRef.Key); err != nil {
			return nil, err
		}
	}
	return items, nil
}

func secret(ctx context.Context, c *cluster.Client, namespace, name, key string) (string, error) {
	found, err := c.Kube.CoreV1().Secrets(namespace).Get(ctx, name, metav1.GetOptions{})
	if err != nil {
		return "", fmt.Errorf("reading Secret %s: %w", name, err)
	}
	return string(found.Data[key]), nil
}

// optionsOf returns the options with which Dapr connects by such items
// (components-contrib, common/component/redis).
func optionsOf(items map[string]string) (*redis.UniversalOptions, error) {
	options := &redis.UniversalOptions{
		Addrs: strings.Split(items["redisHost"], ","), IsClusterMode: items["redisType"] == "cluster",
		Username: items["redisUsername"], Password: items["redisPassword"],
		Protocol: 2, DisableIdentity: true, ContextTimeoutEnabled: true, MaxRetries: -1, PoolSize: 4,
	}
	if items["failover"] == "true" {
		options.MasterName = items["sentinelMasterName"]
		options.SentinelUsername, options.SentinelPassword = items["sentinelUsername"], items["sentinelPassword"]
	}
	var err error
	if number := items["redisDB"]; number != "" {
		if options.DB, err = strconv.Atoi(number); err != nil {
			return nil, fmt.Errorf("redisDB: %w", err)
		}
	}
	if items["enableTLS"] != "true" {
		return options, nil
	}
	options.TLSConfig = &tls.Config{
		MinVersion:         tls.VersionTLS12,
		InsecureSkipVerify: items["insecureSkipTLSVerify"] == "true", //nolint:gosec // the stack file says so
	}
	if certificate, key := items["clientCert"], items["clientKey"]; certificate != "" && key != "" {
		pair, err := tls.X509KeyPair([]byte(certificate), []byte(key))
		if err != nil {
			return nil, fmt.Errorf("clientCert: %w", err)
		}
		options.TLSConfig.Certificates = []tls.Certificate{pair}
	}
	return options, nil
}

// authorities returns those that sidecars trust: the public ones and that of the
// stack file.
func authorities(ctx context.Context, c *cluster.Client, namespace string, e config.ExternalRedis) (*x509.CertPool, error) {
	text := e.CACert
	if ref := e.CACertSecret; ref != nil {
		var err error
		if text, err = secret(ctx, c, namespace, ref.Name, ref.Key); err != nil {
			return nil, err
		}
	}
	if text == "" {
		return nil, nil //nolint:nilnil // the public ones
	}
	pool, err := x509.SystemCertPool()
	if err != nil {
		return nil, fmt.Errorf("reading the authorities of this machine: %w", err)
	}
	if !pool.AppendCertsFromPEM([]byte(text)) {
		return nil, errors.New("the caCert of redis.external has no certificate")
	}
	return pool, nil
}

func dial(ctx context.Context, c *cluster.Client, namespace string) (net.Conn, error) {
	pods, err := c.Pods(ctx, namespace, redisApp)
	if err != nil {
		return nil, err
	}
	if len(pods) == 0 {
		return nil, errors.New("there is no Redis pod")
	}
	return c.Dial(context.WithoutCancel(ctx), namespace, pods[0].Name, 6379)
}
