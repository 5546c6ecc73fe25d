//go:build e2e

package e2e

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/daprstack/daprstack/e2e/browser"
)

func pageInBrowser(t *testing.T) {
	c := localCluster(t)
	page, err := browser.Open(t.Context(), c.page())
	require.NoError(t, err)
	t.Cleanup(page.Close)
	shots := filepath.Join(checkout(t), "e2e", "out")
	require.NoError(t, os.MkdirAll(shots, 0o755))
	title := "Water the plants " + time.Now().Format(time.TimeOnly)
	require.NoError(t, page.Add(title))
	require.NoError(t, page.SeeActivity("Added “"+title+"”"))
	require.NoError(t, page.Screenshot(filepath.Join(shots, "page.png")))
	require.NoError(t, page.Journey("Call the plumber "+time.Now().Format(time.TimeOnly)))
	require.NoError(t, page.KeyboardJourney("Buy bread "+time.Now().Format(time.TimeOnly)))

	undo := breakage{resource: deployments, object: "redis-master", change: set(int64(0), "spec", "replicas")}.make(t, c)
	require.NoError(t, page.SeeProblem("The tasks cannot be loaded."))
	require.NoError(t, page.Screenshot(filepath.Join(shots, "page-without-redis.png")))
	undo()
	require.NoError(t, page.SeeNoProblem())
	require.NoError(t, page.Journey("Feed the cat "+time.Now().Format(time.TimeOnly)))
}
