package upstream_test

import (
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"testing"

	"github.com/dapr/components-contrib/secretstores"
	"github.com/dapr/dapr/pkg/apis/components/v1alpha1"
	"github.com/dapr/dapr/pkg/encryption"
	"github.com/stretchr/testify/require"
	"sigs.k8s.io/yaml"
)

// sensitive returns the keys that upstream's description of a component marks as
// sensitive.
func sensitive(t *testing.T, typ string) []string {
	t.Helper()
	type described struct {
		Name      string
		Sensitive bool
	}
	var about struct {
		Metadata               []described
		AuthenticationProfiles []struct{ Metadata []described }
	}
	folder := map[string]string{stateRedis: "state", pubSubRedis: "pubsub"}[typ]
	raw, err := os.ReadFile(filepath.Join(moduleDir(t, "github.com/dapr/components-contrib"), folder, "redis", "metadata.yaml"))
	require.NoError(t, err)
	require.NoError(t, yaml.Unmarshal(raw, &about))
	for _, profile := range about.AuthenticationProfiles {
		about.Metadata = append(about.Metadata, profile.Metadata...)
	}
	var names []string
	for _, d := range about.Metadata {
		if d.Sensitive {
			names = append(names, d.Name)
		}
	}
	require.NotEmpty(t, names)
	return names
}

// encryptionKeys reads the encryption keys of a component in a sidecar that may
// read secrets.
func encryptionKeys(c v1alpha1.Component) (encryption.ComponentEncryptionKeys, error) {
	return encryption.ComponentEncryptionKey(c, struct{ secretstores.SecretStore }{})
}

// poolSize returns the default of go-redis.
func poolSize() string { return strconv.Itoa(10 * runtime.GOMAXPROCS(0)) }
