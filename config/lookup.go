package config

import (
	"time"

	"github.com/daprstack/daprstack/config/rules"
)

// lookup indexes what references in a stack can name, and what uses what, so
// that no check has to search the stack.
type lookup struct {
	apps    map[string]*App // those with a sidecar, by app-id
	appIDs  rules.Names
	pubSubs rules.Names
	peers   map[string]string // the addresses of apps elsewhere, by app-id.namespace

	// By the name of a pub/sub.
	scopes      map[string]rules.Names       // the app-ids that it lets in
	subscribers map[string]rules.Names       // the app-ids that receive its events
	catalogue   map[string]map[string]*Event // its events, by type

	// By the app-id of an app, in the order of the stack file.
	stores    map[string][]*StateStore // that it may use
	publishes map[string][]*Event
}

func newLookup(s *Stack) lookup {
	l := lookup{
		apps: map[string]*App{}, appIDs: rules.Names{}, pubSubs: rules.Names{}, peers: map[string]string{},
		scopes: map[string]rules.Names{}, subscribers: map[string]rules.Names{}, catalogue: map[string]map[string]*Event{},
		stores: map[string][]*StateStore{}, publishes: map[string][]*Event{},
	}
	for i := range s.Apps {
		if a := &s.Apps[i]; a.Sidecar != nil && a.Sidecar.AppID != "" {
			l.apps[a.Sidecar.AppID], l.appIDs[a.Sidecar.AppID] = a, true
		}
	}
	for _, p := range s.Peers {
		l.peers[p.App] = p.URL
	}
	for _, p := range s.PubSubs {
		l.pubSubs[p.Name], l.scopes[p.Name] = true, rules.NamesOf(p.Scopes...)
	}
	for i := range s.StateStores {
		for app := range rules.NamesOf(s.StateStores[i].Scopes...) {
			l.stores[app] = append(l.stores[app], &s.StateStores[i])
		}
	}
	for i := range s.Events {
		l.addEvent(&s.Events[i])
	}
	return l
}

func (l *lookup) addEvent(e *Event) {
	if l.catalogue[e.PubSub] == nil {
		l.catalogue[e.PubSub], l.subscribers[e.PubSub] = map[string]*Event{}, rules.Names{}
	}
	l.catalogue[e.PubSub][e.Type] = e
	for app := range rules.NamesOf(e.Publishers...) {
		l.publishes[app] = append(l.publishes[app], e)
	}
	for _, sub := range e.Subscribers {
		l.subscribers[e.PubSub][sub.App] = true
	}
}

// IsPlatform reports whether the stack is a control plane without applications,
// which other stacks use.
func (s *Stack) IsPlatform() bool { return s.Apps != nil && len(s.Apps) == 0 }

// InstallsDapr reports whether the stack installs a control plane.
func (s *Stack) InstallsDapr() bool { return *s.Dapr.Enabled && *s.Dapr.Install }

// UsesDapr reports whether the stack uses a control plane that is there already.
func (s *Stack) UsesDapr() bool { return *s.Dapr.Enabled && !*s.Dapr.Install }

// App returns the app with an app-id, and false if there is none.
func (s *Stack) App(appID string) (App, bool) {
	for _, a := range s.Apps {
		if a.Sidecar != nil && a.Sidecar.AppID == appID {
			return a, true
		}
	}
	return App{}, false
}

// ConfigurationOf returns the name of the Configuration of an app's sidecar.
func (s *Stack) ConfigurationOf(appID string) string { return s.Dapr.Configuration.Name + "." + appID }

// AccessControlled reports whether sidecars refuse callers that the stack file
// does not name.
func (s *Stack) AccessControlled() bool {
	return *s.Dapr.MTLS && s.Dapr.Configuration.AccessControl.DefaultAction == "deny"
}

// topics returns to how many topics of a pub/sub an app subscribes at most.
func (s *Stack) topics(pubSub string) int {
	most, of := 0, map[string]int{}
	for _, e := range s.Events {
		for _, sub := range e.Subscribers {
			if e.PubSub == pubSub {
				of[sub.App]++
				most = max(most, of[sub.App])
			}
		}
	}
	return most
}

// Unacknowledged returns the longest time between the moment when a sidecar takes an
// event of a pub/sub and the end of its handling.
func (s *Stack) Unacknowledged(p PubSub) time.Duration {
	return rules.Unacknowledged(p.retry(), p.queue(s.topics(p.Name)))
}

// retry returns how the pub/sub delivers one event.
func (p PubSub) retry() rules.Retry {
	return rules.Retry{MaxRetries: *p.MaxRetries, Wait: p.RetryInterval.Duration, HandlerTimeout: p.HandlerTimeout.Duration}
}

// queue returns what a sidecar takes of it at a time.
func (p PubSub) queue(topics int) rules.Queue {
	return rules.Queue{Depth: *p.QueueDepth, Concurrency: *p.Concurrency, Topics: topics}
}
