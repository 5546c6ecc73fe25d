package main

import (
	"context"
	"regexp"
	"strings"

	"github.com/daprstack/daprstack/internal/cluster"
)

// Dapr adds no reason to a dead letter: the subscriber's sidecar has only logged
// it. These are its words (dapr/pkg/runtime/subscription): the event's id, then
// what its handler said and answered.
var reasons = []struct {
	words *regexp.Regexp
	mean  string
}{
	{regexp.MustCompile(`dropping expired pub/sub event (\S+) as of`), "it had expired"},
	{regexp.MustCompile(`DROP status returned from app while processing pub/sub event ([^\s":]+)`), "the handler answered DROP"},
	{regexp.MustCompile(`RETRY status returned from app while processing pub/sub event ([^\s":]+)`), "the handler answered RETRY"},
	{regexp.MustCompile(`retriable error returned from app while processing pub/sub event ([^\s,:]+)(?:, topic: \S+, body)?: (.*)\. status code returned: (\d+)`), "the handler answered "},
}

// reasons are why events became dead letters, by their ids, as far as the logs of
// the subscriber's pods still say it. A handler that did not answer in time leaves
// no id there.
func (e *events) reasons(ctx context.Context, appID string) map[string]string {
	found := map[string]string{}
	a, _ := e.stack.App(appID) // X-01 holds
	pods, err := e.cluster.Pods(ctx, e.stack.Namespace, a.Name)
	if err != nil {
		return found
	}
	for _, pod := range pods {
		for _, previous := range []bool{true, false} {
			log, err := e.cluster.Log(ctx, e.stack.Namespace, pod.Name, cluster.Sidecar, previous)
			if err == nil { // else it was not started before
				readReasons(log, found)
			}
		}
	}
	return found
}

// readReasons adds what a sidecar's log says.
func readReasons(log []byte, found map[string]string) {
	for _, r := range reasons {
		for _, match := range r.words.FindAllSubmatch(log, -1) {
			reason := r.mean
			if len(match) > 3 {
				reason += string(match[3]) + ": " + said(string(match[2]))
			}
			found[string(match[1])] = strings.TrimSuffix(reason, ": ")
		}
	}
}

// said is the beginning of what a handler answered, as the log quotes it, on one
// line.
func said(body string) string {
	const most = 80
	runes := []rune(strings.Join(strings.Fields(strings.NewReplacer(`\"`, `"`, `\n`, " ", `\t`, " ").Replace(body)), " "))
	if len(runes) > most {
		return string(runes[:most]) + "…"
	}
	return string(runes)
}
