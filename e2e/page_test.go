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
	page, err := browser.Open(t.Context(), localCluster(t).page())
	require.NoError(t, err)
	t.Cleanup(page.Close)
	shot := filepath.Join(checkout(t), "e2e", "out", "page.png")
	require.NoError(t, os.MkdirAll(filepath.Dir(shot), 0o755))
	title := "Water the plants " + time.Now().Format(time.TimeOnly)
	require.NoError(t, page.Add(title))
	require.NoError(t, page.SeeActivity("Added “"+title+"”"))
	require.NoError(t, page.Screenshot(shot))
	require.NoError(t, page.Journey("Call the plumber "+time.Now().Format(time.TimeOnly)))
	require.NoError(t, page.KeyboardJourney("Buy bread "+time.Now().Format(time.TimeOnly)))
}
