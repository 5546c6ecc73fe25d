package config

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/daprstack/daprstack/config/rules"
)

// Variable is one environment variable that the stack gives to an app.
type Variable struct{ Name, Value string }

// Environments returns, for each app in the order of the stack file, the
// variables with which it finds its peers, its state stores and its topics. The
// names are the same with Dapr on and off; only the values differ (C-01, C-05):
//
//	PORT                the app's own port, if it has one
//	<APP>_URL           of each app that it invokes: append the path; one of another
//	                    stack is named by its app-id without -app
//	<STORE>_URL         of each state store that it may use; empty without Dapr
//	EVENT_<TYPE>_URL    of each event that it publishes: POST a CloudEvent to
//	                    each of these URLs, separated by commas
//
// An app without a sidecar reaches its peers as every app does with Dapr off.
func (s *Stack) Environments() [][]Variable {
	l := newLookup(s)
	all := make([][]Variable, len(s.Apps))
	for i, a := range s.Apps {
		all[i] = s.environment(a, l)
	}
	return all
}

func (s *Stack) environment(a App, l lookup) []Variable {
	var vars []Variable
	if a.Port != 0 {
		vars = append(vars, Variable{"PORT", strconv.Itoa(a.Port)})
	}
	dapr := *s.Dapr.Enabled && a.Sidecar != nil
	add := func(name, withDapr, without string) {
		if !dapr {
			withDapr = without
		}
		vars = append(vars, Variable{VariableName(name) + "_URL", withDapr})
	}
	for _, target := range a.Invokes {
		if peer, ok := l.apps[target]; ok {
			add(peer.Name, rules.InvokeURL(target), s.ServiceURL(*peer))
		} else if id, namespace := rules.SplitTarget(target); namespace != "" { // else I-01 reports it
			add(strings.TrimSuffix(id, "-app"), rules.InvokeURL(target), l.peers[target])
		}
	}
	if a.Sidecar == nil {
		return vars
	}
	for _, store := range l.stores[a.Sidecar.AppID] {
		add(store.Name, rules.StateURL(store.Name), "")
	}
	for _, e := range l.publishes[a.Sidecar.AppID] {
		add("event."+e.Type, rules.PublishURL(e.PubSub, e.Type), s.handlerURLs(*e, l))
	}
	return vars
}

// VariableName converts a name to that of an environment variable: upper case,
// with an underscore for everything but letters and digits.
func VariableName(name string) string {
	return strings.Map(func(r rune) rune {
		if (r >= 'A' && r <= 'Z') || (r >= '0' && r <= '9') {
			return r
		}
		return '_'
	}, strings.ToUpper(name))
}

// ServiceURL returns the URL of an app inside the cluster, "" for an app without a
// port.
func (s *Stack) ServiceURL(a App) string {
	if a.Port == 0 {
		return ""
	}
	scheme := "http"
	if a.Protocol(a.Port) == "https" {
		scheme = "https"
	}
	return fmt.Sprintf("%s://%s.%s.svc:%d", scheme, a.Name, s.Namespace, a.ServicePort())
}

// handlerURLs returns the URLs of the handlers of an event's subscribers,
// separated by commas.
func (s *Stack) handlerURLs(e Event, l lookup) string {
	var urls []string
	for _, sub := range e.Subscribers {
		if app, ok := l.apps[sub.App]; ok {
			urls = append(urls, s.ServiceURL(*app)+sub.Path)
		}
	}
	return strings.Join(urls, ",")
}

// ContainerPorts returns all ports of the app's container, the main one first if it has
// one.
func (a App) ContainerPorts() []int {
	var ports []int
	if a.Port != 0 {
		ports = append(ports, a.Port)
	}
	for _, p := range a.Ports {
		ports = append(ports, p.Port)
	}
	return ports
}
