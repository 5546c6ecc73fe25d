package config

import (
	"maps"
	"slices"

	"github.com/daprstack/daprstack/config/rules"
)

// The Redis components of Dapr have no item for the certificate of an authority, so
// daprd gets it as a file of its own trust store. SSL_CERT_DIR would do too, but for
// it the injector gives up the restrictions of the container (dapr,
// pkg/injector/patcher); daprd still reads the public authorities from the
// directories of its image.
const (
	caVariable = "SSL_CERT_FILE"
	caFolder   = "/etc/daprstack/redis-ca"

	// RedisCAFile is the file in the volume [rules.RedisCAVolume] that holds the
	// certificate of the authority.
	RedisCAFile = "ca.crt"
)

// TrustsRedisCA reports whether the sidecar of an app has to trust the private
// authority of the external Redis.
func (s *Stack) TrustsRedisCA(appID string) bool {
	e := s.Redis.External
	if e == nil || e.CACert == "" && e.CACertSecret == nil {
		return false
	}
	return slices.ContainsFunc(s.StateStores, func(store StateStore) bool { return slices.Contains(store.Scopes, appID) }) ||
		slices.ContainsFunc(s.PubSubs, func(p PubSub) bool { return slices.Contains(p.Scopes, appID) })
}

// WithRedisCA returns the options of the sidecar of an app together with those by
// which it trusts the private authority of Redis, if it has to.
func (s *Stack) WithRedisCA(appID string, options rules.SidecarOptions) rules.SidecarOptions {
	if !s.TrustsRedisCA(appID) {
		return options
	}
	all := maps.Clone(options)
	with := func(key, name, value string) {
		entries := map[string]string{name: value}
		maps.Copy(entries, options.Map(key))
		all[key] = entries
	}
	with(rules.OptionEnv, caVariable, caFolder+"/"+RedisCAFile)
	with(rules.OptionVolumeMounts, rules.RedisCAVolume, caFolder)
	return all
}
