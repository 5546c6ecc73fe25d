package events

import (
	"context"
	"regexp"
	"strings"

	"github.com/daprstack/daprstack/internal/cluster"
)

// Dapr adds no reason to a dead letter: the subscriber's sidecar only logs it.
// These are its words (dapr/pkg/runtime/subscription): the event's id, then what
// its handler said and the status that it answered with.
var reasons = []struct {
	words *regexp.Regexp
	means string
}{
	{regexp.MustCompile(`dropping expired pub/sub event (\S+) as of`), "it had expired"},
	{regexp.MustCompile(`DROP status returned from app while processing pub/sub event ([^\s":]+)`), "the handler answered DROP"},
	{regexp.MustCompile(`RETRY status returned from app while processing pub/sub event ([^\s":]+)`), "the handler answered RETRY"},
	{regexp.MustCompile(`retriable error returned from app while processing pub/sub event ([^\s,:]+)(?:, topic: \S+, body)?: (.*)\. status code returned: (\d+)`), "the handler answered "},
}

// Reasons returns why events became dead letters, by their ids, as far as the
// logs of the subscriber's sidecars still tell. A handler that did not answer in
// time leaves no id there.
func (d *DeadLetters) Reasons(ctx context.Context) map[string]string {
	found := map[string]string{}
	app, _ := d.client.stack.App(d.app) // X-01 holds
	for _, log := range d.client.logs(ctx, app.Name) {
		readReasons(log, found)
	}
	return found
}

// sidecarLogs returns what the sidecars of an app have logged, oldest first. Logs
// that can't be read are left out.
func sidecarLogs(ctx context.Context, c *cluster.Client, namespace, app string) [][]byte {
	pods, err := c.Pods(ctx, namespace, app)
	if err != nil {
		return nil
	}
	var logs [][]byte
	for _, pod := range pods {
		for _, previous := range []bool{true, false} {
			// There is no previous log until a container was restarted.
			if log, err := c.Log(ctx, namespace, pod.Name, cluster.Sidecar, previous); err == nil {
				logs = append(logs, log)
			}
		}
	}
	return logs
}

// readReasons adds the reasons in a sidecar's log to found.
func readReasons(log []byte, found map[string]string) {
	for _, r := range reasons {
		for _, match := range r.words.FindAllSubmatch(log, -1) {
			reason := r.means
			if len(match) > 3 {
				reason += string(match[3]) + ": " + excerpt(string(match[2]))
			}
			found[string(match[1])] = strings.TrimSuffix(reason, ": ")
		}
	}
}

var unquoted = strings.NewReplacer(`\"`, `"`, `\n`, " ", `\t`, " ")

// excerpt returns the beginning of what a handler answered, which the log quotes,
// on one line.
func excerpt(body string) string {
	const most = 80
	runes := []rune(strings.Join(strings.Fields(unquoted.Replace(body)), " "))
	if len(runes) > most {
		return string(runes[:most]) + "…"
	}
	return string(runes)
}
