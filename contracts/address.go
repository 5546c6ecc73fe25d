package contracts

import (
	"bytes"
	"context"
	"net/http"
	"net/url"

	"github.com/daprstack/daprstack/config/rules"
)

// SidecarURL is where an application finds its sidecar. The port cannot be
// configured.
const SidecarURL = rules.SidecarURL

// AppURL returns the address under which the sidecar reaches the app with that
// app-id (I-01, I-05); paths are appended to it.
func AppURL(appID string) (string, error) {
	var ps Problems
	ps.add("target", appID, rules.Target(appID))
	return ps.unless(rules.InvokeURL(appID), "making an invocation URL")
}

// InvokeURL returns the address of path at the app with that app-id:
// http://localhost:3500/v1.0/invoke/{target}/method/{path} (I-01, I-02, I-05).
func InvokeURL(appID, path string) (string, error) {
	var ps Problems
	ps.add("target", appID, rules.Target(appID))
	ps.add("path", path, rules.InvokePath(path))
	return ps.unless(rules.InvokeURL(appID)+path, "making an invocation URL")
}

// StateURL returns the address of a state store at the sidecar.
func StateURL(store string) (string, error) {
	var ps Problems
	ps.add("store", store, rules.ComponentName(store))
	return ps.unless(rules.StateURL(store), "making the URL of a state store")
}

// PublishURL returns the address of a topic at the sidecar; the topic has the
// name of the event's type (E-02).
func PublishURL(pubSub, topic string) (string, error) {
	var ps Problems
	ps.add("pubsub", pubSub, rules.ComponentName(pubSub))
	ps.add("topic", topic, rules.EventType(topic))
	return ps.unless(rules.PublishURL(pubSub, topic), "making the URL of a topic")
}

// unless returns the address, or nothing when there are problems with it.
func (ps Problems) unless(address, doing string) (string, error) {
	if err := ps.err("%s", doing); err != nil {
		return "", err
	}
	return address, nil
}

// CheckURL returns what is wrong with an address from the environment (C-01), so
// that an application can say so when it starts.
func CheckURL(address string) (ps Problems) {
	ps.add("url", redacted(address), rules.BaseURL(address))
	return ps
}

// redacted is an address that may be shown: one can hold a password.
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
