package contracts

import (
	"bytes"
	"context"
	"net/http"
	"net/url"

	"github.com/daprstack/daprstack/config/rules"
)

// SidecarURL is the address of an application's own sidecar. The port is fixed
//
const SidecarURL = rules.SidecarURL

// AppURL returns the base address for invoking the app with that app-id through
// the sidecar (I-01, I-05). Append the path to it.
func AppURL(appID string) (string, error) {
	var ps Problems
	ps.add("target", appID, rules.Target(appID))
	return ps.urlOrErr(rules.InvokeURL(appID), "making an invocation URL")
}

// InvokeURL returns the address for invoking path on the app with that app-id:
// http://localhost:3500/v1.0/invoke/{target}/method/{path} (I-01, I-02, I-05).
func InvokeURL(appID, path string) (string, error) {
	var ps Problems
	ps.add("target", appID, rules.Target(appID))
	ps.add("path", path, rules.InvokePath(path))
	return ps.urlOrErr(rules.InvokeURL(appID)+path, "making an invocation URL")
}

// StateURL returns the sidecar's address of a state store.
func StateURL(store string) (string, error) {
	var ps Problems
	ps.add("store", store, rules.ComponentName(store))
	return ps.urlOrErr(rules.StateURL(store), "making the URL of a state store")
}

// PublishURL returns the sidecar's address of a topic. The topic has the same
// name as the event's type (E-08).
func PublishURL(pubSub, topic string) (string, error) {
	var ps Problems
	ps.add("pubsub", pubSub, rules.ComponentName(pubSub))
	ps.add("topic", topic, rules.TopicName(topic))
	return ps.urlOrErr(rules.PublishURL(pubSub, topic), "making the URL of a topic")
}

// urlOrErr returns url, or an error if there are problems.
func (ps Problems) urlOrErr(url, doing string) (string, error) {
	if err := ps.err("%s", doing); err != nil {
		return "", err
	}
	return url, nil
}

// CheckURL returns the problems with an address from the environment (C-01), so
// that an application can report them when it starts.
func CheckURL(address string) (ps Problems) {
	ps.add("url", redacted(address), rules.BaseURL(address))
	return ps
}

// redacted returns an address without its password, for errors.
func redacted(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return ""
	}
	return u.Redacted()
}

func newRequest(ctx context.Context, method, address, contentType string, body []byte) (*http.Request, error) {
	req, err := http.NewRequestWithContext(ctx, method, address, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	if contentType != "" {
		req.Header.Set("Content-Type", contentType)
	}
	return req, nil
}
