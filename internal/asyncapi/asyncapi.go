// Package asyncapi describes the events of a stack as an AsyncAPI document, for the
// people and the tools that publish or consume them.
package asyncapi

import (
	"maps"
	"strings"

	"github.com/daprstack/daprstack/config"
	"github.com/daprstack/daprstack/config/rules"
)

// Version is the version of AsyncAPI.
const Version = "3.0.0"

type object = map[string]any

// Document returns the AsyncAPI document of a stack's catalogue (E-08). It has a
// channel for each event and for the dead letters of each of its subscribers, a
// message for each event with its envelope and the schema of its data, and an
// operation for each app that publishes or consumes it. Title and version are the
// document's own.
func Document(stack *config.Stack, title, version string) map[string]any {
	d := document{servers: object{}, channels: object{}, operations: object{}, messages: object{}}
	for _, p := range stack.PubSubs {
		d.servers[p.Name] = object{
			"host": host(stack), "protocol": "redis",
			"description": "Redis Streams behind the Dapr pub/sub " + p.Name + "; apps reach it through their sidecars.",
		}
	}
	for _, e := range stack.Events {
		d.event(e)
	}
	return object{
		"asyncapi":           Version,
		"info":               object{"title": title, "version": version},
		"defaultContentType": rules.EventContentType,
		"servers":            d.servers, "channels": d.channels, "operations": d.operations,
		"components": object{"messages": d.messages},
	}
}

func host(stack *config.Stack) string {
	if e := stack.Redis.External; e != nil {
		return e.Host
	}
	return "redis-master." + stack.Namespace + ".svc:6379"
}

// document collects the parts of a document.
type document struct{ servers, channels, operations, messages object }

func (d document) event(e config.Event) {
	// Two pub/subs may carry events of the same type.
	name := e.PubSub + "." + e.Type
	d.messages[name] = message(e)
	d.channel(name, e.Type, e.PubSub, "", name)
	for _, app := range e.Publishers {
		d.operation(app+".send."+name, "send", name, app+" publishes it"+on(e.Trigger))
	}
	for _, s := range e.Subscribers {
		d.operation(s.App+".receive."+name, "receive", name, s.App+" handles it at "+s.Path)
		dead := rules.DeadLetterTopic(e.Type, s.App)
		letters := e.PubSub + "." + dead
		d.channel(letters, dead, e.PubSub, "The events that "+s.App+" could not handle.", name)
		d.operation(s.App+".send."+letters, "send", letters, "The sidecar of "+s.App+" puts events here that it could not handle")
	}
}

func (d document) channel(name, topic, pubSub, description, message string) {
	c := object{
		"address":  topic,
		"servers":  []any{ref("servers", pubSub)},
		"messages": object{message: ref("components", "messages", message)},
	}
	if description != "" {
		c["description"] = description
	}
	d.channels[name] = c
}

func (d document) operation(name, action, channel, summary string) {
	d.operations[name] = object{"action": action, "channel": ref("channels", channel), "summary": summary + "."}
}

// message returns the message of an event: its envelope with its data.
func message(e config.Event) object {
	data := object{}
	if e.Schema != nil {
		data = maps.Clone(e.Schema)
	}
	m := object{
		"name": e.Type, "title": e.Type, "contentType": rules.EventContentType,
		"payload": object{
			"type":     "object",
			"required": []any{"specversion", "type", "source", "id", "data"},
			"properties": object{
				"specversion":     object{"const": rules.SpecVersion},
				"type":            object{"const": e.Type},
				"source":          object{"const": e.Source},
				"id":              object{"type": "string", "minLength": 1, "description": "Unique. An event may be delivered more than once."},
				"time":            object{"type": "string", "format": "date-time"},
				"datacontenttype": object{"type": "string", "default": rules.DataContentType},
				"data":            data,
			},
		},
	}
	if e.Trigger != "" {
		m["summary"] = "Published" + on(e.Trigger) + "."
	}
	return m
}

func on(trigger string) string {
	if trigger == "" {
		return ""
	}
	return " on " + trigger
}

func ref(path ...string) object { return object{"$ref": "#/" + strings.Join(path, "/")} }
