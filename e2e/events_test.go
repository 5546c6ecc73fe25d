//go:build e2e

package e2e

import (
	"context"
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	live "github.com/daprstack/daprstack/internal/cluster"
)

// deadLetter makes an event fail at its subscriber, by giving its Subscription
// another path for a while, and puts it back once that is fixed: the subscriber
// gets it exactly once.
func deadLetter(t *testing.T) {
	c := localCluster(t)
	page := c.page()
	undo := breakage{resource: live.Subscriptions, object: "pubsub.task.created.activity-app",
		change: set("/elsewhere", "spec", "routes", "default")}.make(t, c)
	const title = "an event that nobody handles"
	eventually(t, "the subscriber has the other path", func(context.Context) string {
		failed, _ := verified(t, "--quick")
		if !strings.Contains(lines(failed), "/elsewhere") {
			return lines(failed)
		}
		return ""
	})
	status, err := call(t.Context(), http.MethodPost, page+"/api/tasks", map[string]string{"title": title}, nil)
	require.NoError(t, err)
	require.Equal(t, http.StatusCreated, status)
	var letters string
	eventually(t, "a dead letter", func(context.Context) string {
		letters, err = try(t, "events", "show", "task.created", "activity-app", "--data")
		if err != nil || !strings.Contains(letters, title) {
			return fmt.Sprint("none yet: ", letters, err)
		}
		return ""
	})
	id := regexp.MustCompile(`"id":"([^"]+)"`).FindStringSubmatch(letters)[1]
	require.Regexp(t, id+".*the handler answered 5", run(t, "events", "show", "task.created", "activity-app"), "why")
	out, err := try(t, "events", "put-back", "task.created", "activity-app", "no-such-id")
	require.Error(t, err)
	require.Contains(t, out, "no-such-id: no dead letter of task.created at activity-app has this id")

	undo()
	eventually(t, "verify passes again", func(context.Context) string {
		failed, _ := verified(t, "--quick")
		return lines(failed)
	})
	require.Contains(t, run(t, "events", "show", "task.created", "activity-app"), id)
	feed := func(ctx context.Context) int {
		var found any
		_, err := call(ctx, http.MethodGet, page+"/api/feed", nil, &found)
		require.NoError(t, err)
		return strings.Count(fmt.Sprint(found), id)
	}
	require.Zero(t, feed(t.Context()))
	run(t, "events", "put-back", "task.created", "activity-app", id)
	eventually(t, "the event is in the feed", func(ctx context.Context) string {
		if n := feed(ctx); n != 1 {
			return fmt.Sprintf("%d entries", n)
		}
		return ""
	})
	out, err = try(t, "events", "put-back", "task.created", "activity-app", "--all")
	require.NoError(t, err)
	require.Contains(t, out, "0 put back")
	eventually(t, "no dead letter is left and nothing is pending", func(context.Context) string {
		out, err := try(t, "events")
		require.NoError(t, err)
		if !regexp.MustCompile(`(?m)^task\.created +pubsub +\d+ +activity-app +[0-] +0 +0$`).MatchString(out) {
			return out
		}
		return ""
	})
}
