package stackfile_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/daprstack/daprstack/internal/stackfile"
)

func TestParse(t *testing.T) {
	values, err := stackfile.Parse([]byte(`
encryptionsalt: v1:abc
config:
  daprstack:context: dev
  daprstack:createNamespace: false
  daprstack:apps: [{ name: web, port: 80 }]
`))
	require.NoError(t, err)
	require.Equal(t, map[string]string{
		"daprstack:context": "dev", "daprstack:createNamespace": "false", "daprstack:apps": `[{"name":"web","port":80}]`,
	}, values)
	values, err = stackfile.Parse([]byte("secretsprovider: passphrase\n"))
	require.NoError(t, err)
	require.Empty(t, values)
}

func TestParseRefuses(t *testing.T) {
	for name, text := range map[string]string{
		"a key given twice":          "config:\n  daprstack:context: a\n  daprstack:context: b\n",
		"a nested key given twice":   "config:\n  daprstack:dapr: { ha: true, ha: false }\n",
		"config that is no object":   "config: [a]\n",
		"a file that is no object":   "- a\n",
		"a file that is not YAML":    "config: {\n",
		"a file that is given twice": "config: {}\nconfig: {}\n",
	} {
		_, err := stackfile.Parse([]byte(text))
		require.Error(t, err, name)
	}
}

func TestReadSaysWhichFile(t *testing.T) {
	_, err := stackfile.Read("nowhere.yaml")
	require.ErrorContains(t, err, "nowhere.yaml")
}
