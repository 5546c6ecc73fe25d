package config

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// Variable is one environment variable that the stack gives to an app.
type Variable struct{ Name, Value string }

// Environment returns the variables by which an app finds its peers, its state
// stores and its topics, in a fixed order. The names are the same with Dapr on
// and off, only the values differ (C-01, C-05):
//
//	PORT                the app's own port
//	<APP>_URL           of each app that it invokes: append the path
//	<STORE>_URL         of each state store that it may use; empty without Dapr
//	EVENT_<TYPE>_URL    of each event that it publishes: POST a CloudEvent to
//	                    each of these URLs, separated by commas
//
// An app without a sidecar reaches its peers as every app does with Dapr off.
func (s *Stack) Environment(a App) []Variable {
	vars := []Variable{{"PORT", strconv.Itoa(a.Port)}}
	add := func(name, suffix, url string) {
		vars = append(vars, Variable{VariableName(name) + suffix, url})
	}
	dapr := *s.Dapr.Enabled && a.Sidecar != nil
	for _, id := range a.Invokes {
		peer, ok := s.AppByID(id)
		if !ok {
			continue // I-01 reports it
		}
		if dapr {
			add(peer.Name, "_URL", sidecarURL+"/invoke/"+id+"/method")
		} else {
			add(peer.Name, "_URL", s.ServiceURL(peer))
		}
	}
	if a.Sidecar == nil {
		return vars
	}
	for _, store := range s.StateStores {
		if !slices.Contains(store.Scopes, a.Sidecar.AppID) {
			continue
		}
		if dapr {
			add(store.Name, "_URL", sidecarURL+"/state/"+store.Name)
		} else {
			add(store.Name, "_URL", "")
		}
	}
	for _, e := range s.Events {
		if !slices.Contains(e.Publishers, a.Sidecar.AppID) {
			continue
		}
		if dapr {
			add("event."+e.Type, "_URL", sidecarURL+"/publish/"+e.PubSub+"/"+e.Type)
		} else {
			add("event."+e.Type, "_URL", s.handlerURLs(e))
		}
	}
	return vars
}

// sidecarURL is the API of an app's own sidecar; its port is not configurable
//
const sidecarURL = "http://localhost:3500/v1.0"

// VariableNames returns the names of [Stack.Environment].
func (s *Stack) VariableNames(a App) []string {
	vars := s.Environment(a)
	names := make([]string, len(vars))
	for i, v := range vars {
		names[i] = v.Name
	}
	return names
}

// VariableName turns a name into the form of an environment variable: upper
// case, everything else than letters and digits an underscore.
func VariableName(name string) string {
	return strings.Map(func(r rune) rune {
		if (r >= 'A' && r <= 'Z') || (r >= '0' && r <= '9') {
			return r
		}
		return '_'
	}, strings.ToUpper(name))
}

// ServiceURL is the address of an app inside the cluster.
func (s *Stack) ServiceURL(a App) string {
	return fmt.Sprintf("http://%s.%s.svc:%d", a.Name, s.Namespace, a.Port)
}

// handlerURLs are the handlers of an event's subscribers, reached directly.
func (s *Stack) handlerURLs(e Event) string {
	var urls []string
	for _, sub := range e.Subscribers {
		if app, ok := s.AppByID(sub.App); ok {
			urls = append(urls, s.ServiceURL(app)+sub.Path)
		}
	}
	return strings.Join(urls, ",")
}

// AppByID returns the app with that app-id.
func (s *Stack) AppByID(id string) (App, bool) {
	for _, a := range s.Apps {
		if a.Sidecar != nil && a.Sidecar.AppID == id {
			return a, true
		}
	}
	return App{}, false
}

// ContainerPorts are all ports of the app's container, its main one first.
func (a App) ContainerPorts() []int {
	ports := []int{a.Port}
	for _, p := range a.Ports {
		ports = append(ports, p.Port)
	}
	return ports
}
