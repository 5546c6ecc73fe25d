package stacks

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/daprstack/daprstack/config"
)

func TestLoadRefusesAChartThatIsNotThere(t *testing.T) {
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "Chart.yaml"), nil, 0o600))
	empty := t.TempDir()
	for path, ok := range map[string]bool{dir: true, empty: false, filepath.Join(dir, "nowhere"): false} {
		_, err := Load(map[string]string{
			"daprstack:context":   "c",
			"daprstack:namespace": "n",
			"daprstack:dapr":      `{"chart":{"path":"` + path + `"}}`,
			"daprstack:apps":      `[{"name":"a","image":"a","port":80,"sidecar":{"appId":"a-app"}}]`,
		})
		if ok {
			require.NoError(t, err)
			continue
		}
		var errs config.Errors
		require.ErrorAs(t, err, &errs)
		require.Len(t, errs, 1)
		assert.Equal(t, "dapr.chart.path", errs[0].Path)
	}
}
