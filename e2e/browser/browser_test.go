//go:build e2e

package browser

import (
	"bytes"
	"fmt"
	"net"
	"net/http"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// The three applications run as plain processes, as the example's README starts
// them.
func TestPageInBrowser(t *testing.T) {
	trio := newTrio(t)
	trio.start("activity")
	trio.start("backend")
	trio.start("frontend")

	page, err := Open(t.Context(), trio.address("frontend"))
	require.NoError(t, err)
	defer page.Close()

	require.NoError(t, page.Journey("Buy <milk> & \"bread\""))
	require.NoError(t, page.KeyboardJourney("Call the plumber"))

	require.NoError(t, page.Add("Water the plants"))
	require.NoError(t, page.SeeActivity("Added “Water the plants”"))
	for _, look := range []struct {
		name   string
		change func() error
	}{
		{"light", func() error { return page.Dark(false) }},
		{"narrow", page.Narrow},
		{"dark", func() error { return page.Dark(true) }},
	} {
		require.NoError(t, look.change())
		require.NoError(t, page.Screenshot(filepath.Join(t.ArtifactDir(), look.name+".png")))
	}
	assert.NoError(t, page.fits(), "on a telephone")
}

// The page says which service is away, and recovers by itself.
func TestPageSaysWhatIsAway(t *testing.T) {
	trio := newTrio(t)
	trio.start("frontend")

	page, err := Open(t.Context(), trio.address("frontend"))
	require.NoError(t, err)
	defer page.Close()
	require.NoError(t, page.SeeProblem("The tasks cannot be loaded. The task service does not answer."))
	require.NoError(t, page.SeeProblem("The activity cannot be loaded. The activity service does not answer."))
	require.NoError(t, page.Add("Buy milk"))
	require.NoError(t, page.SeeProblem("The task service does not answer."))

	trio.start("activity")
	stop := trio.start("backend")
	require.NoError(t, page.SeeNoProblem())
	require.NoError(t, page.Add(""), "what was typed is still there")
	require.NoError(t, page.SeeTask("Buy milk", "open"))
	require.NoError(t, page.Journey("Buy bread"))

	stop()
	require.NoError(t, page.SeeProblem("The tasks cannot be loaded."))
}

// trio runs the applications on free ports of this machine.
type trio struct {
	t     *testing.T
	dir   string
	ports map[string]int
}

func newTrio(t *testing.T) *trio {
	t.Helper()
	tr := &trio{t: t, dir: t.TempDir(), ports: map[string]int{}}
	for _, app := range []string{"frontend", "backend", "activity"} {
		tr.ports[app] = freePort(t)
	}
	build := exec.CommandContext(t.Context(), "go", "build", "-o", tr.dir+"/", "../../examples/todo/frontend", "../../examples/todo/backend", "../../examples/todo/activity")
	out, err := build.CombinedOutput()
	require.NoErrorf(t, err, "%s", out)
	return tr
}

func (tr *trio) address(app string) string { return fmt.Sprintf("http://localhost:%d", tr.ports[app]) }

// start starts an application, waits until it serves, and returns a function
// that stops it.
func (tr *trio) start(app string) (stop func()) {
	tr.t.Helper()
	var log bytes.Buffer
	cmd := exec.Command(filepath.Join(tr.dir, app)) // t.Context ends before the cleanup
	cmd.Stdout, cmd.Stderr = &log, &log
	cmd.Env = []string{
		fmt.Sprintf("PORT=%d", tr.ports[app]),
		"BACKEND_URL=" + tr.address("backend"),
		"ACTIVITY_URL=" + tr.address("activity"),
	}
	for _, action := range []string{"created", "updated", "deleted", "completed"} {
		cmd.Env = append(cmd.Env, "EVENT_TASK_"+strings.ToUpper(action)+"_URL="+tr.address("activity")+"/events/task-"+action)
	}
	require.NoError(tr.t, cmd.Start())
	stop = sync.OnceFunc(func() {
		_ = cmd.Process.Signal(syscall.SIGTERM)
		err := cmd.Wait()
		assert.NoError(tr.t, err, "%s exits cleanly when it is told to", app)
		if tr.t.Failed() {
			tr.t.Logf("%s:\n%s", app, &log)
		}
	})
	tr.t.Cleanup(stop)
	require.Eventually(tr.t, func() bool {
		res, err := http.Get(tr.address(app) + "/healthz")
		return err == nil && res.Body.Close() == nil && res.StatusCode == http.StatusOK
	}, 20*time.Second, 50*time.Millisecond, "%s does not serve", app)
	return stop
}

func freePort(t *testing.T) int {
	t.Helper()
	l, err := net.Listen("tcp", "localhost:0")
	require.NoError(t, err)
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port
}
