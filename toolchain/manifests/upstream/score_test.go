package upstream

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
)

// accepted lists what kube-score says of the prod stack and why it stays, by the check
// and the summary: of every pod, of the chart's alone, or of the applications' alone.
var accepted = []struct{ check, summary, of, why string }{
	{"container-image-pull-policy", "ImagePullPolicy is not set to Always", "", "a tag is not moved, and pods have to start without the registry"},
	{"container-ephemeral-storage-request-and-limit", "Ephemeral Storage limit is not set", "", "root file systems are read-only"},
	{"container-ephemeral-storage-request-and-limit", "Ephemeral Storage request is not set", "", "root file systems are read-only"},
	{"container-resources", "CPU limit is not set", "", "a limit slows an app down while the node is idle; requests share it out"},
	{"container-security-context-user-group-id", "The container running with a low group ID", "", "the group is the one that the image has for its user"},
	{"pod-networkpolicy", "The pod does not have a matching NetworkPolicy", "", "who may call whom is decided by Dapr, by certificate (docs/how-to/operations.md)"},
	{"pod-probes-identical", "Container has the same readiness and liveness probe", "", "their periods and thresholds differ: it is restarted only after a long silence"},
	{"deployment-has-host-podantiaffinity", "Deployment does not have a host podAntiAffinity set", "apps", "the scheduler spreads the pods of a Deployment by default, and a pod still starts when nodes are few"},
	{"container-resources", "CPU request is not set", "chart", "dapr.chart.values sets them"},
	{"container-resources", "Memory limit is not set", "chart", "dapr.chart.values sets them"},
	{"container-resources", "Memory request is not set", "chart", "dapr.chart.values sets them"},
	{"container-security-context-user-group-id", "The container is running with a low user ID", "chart", "the images have a user of their own, and must not run as root"},
}

// TestScore: kube-score finds nothing in the prod stack but what is accepted, and all
// of that, so that the list stays true.
func TestScore(t *testing.T) {
	met := map[int]bool{}
	for _, f := range score(t, render(t, "prod")) {
		of := "apps"
		if f.namespace == "dapr-system" {
			of = "chart"
		}
		i := slices.IndexFunc(accepted, func(a struct{ check, summary, of, why string }) bool {
			return a.check == f.check && a.summary == f.summary && (a.of == "" || a.of == of)
		})
		if i < 0 {
			t.Errorf("%s: %s: %s", f.object, f.check, f.summary)
		}
		met[i] = true
	}
	for i, a := range accepted {
		require.True(t, met[i], "kube-score no longer says %s: %s", a.check, a.summary)
	}
}

type finding struct{ object, namespace, check, summary string }

// score runs the pinned kube-score.
func score(t *testing.T, stream []byte) []finding {
	t.Helper()
	cmd := exec.Command("go", "tool", "kube-score", "score", "--kubernetes-version", "v1.36", "--output-format", "json", "-")
	cmd.Dir, cmd.Env = filepath.Join("..", "..", "kube-score"), append(os.Environ(), "GOFLAGS=", "GOWORK=off")
	cmd.Stdin = bytes.NewReader(stream)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, _ := cmd.Output() // it fails when it finds something
	var objects []struct {
		Name   string                     `json:"object_name"`
		Meta   struct{ Namespace string } `json:"object_meta"`
		Checks []struct {
			Check    struct{ ID string }
			Grade    int
			Skipped  bool
			Comments []struct{ Summary string }
		}
	}
	require.NoError(t, json.Unmarshal(out, &objects), "%s%s", out, stderr.String())
	require.Greater(t, len(objects), 20)
	const fine = 7 // of 10: the grades below are warnings and critical
	var found []finding
	for _, o := range objects {
		for _, c := range o.Checks {
			for _, comment := range c.Comments {
				if !c.Skipped && c.Grade < fine {
					found = append(found, finding{fmt.Sprint(o.Name), o.Meta.Namespace, c.Check.ID, comment.Summary})
				}
			}
		}
	}
	return found
}
