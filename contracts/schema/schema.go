// Package schema generates the JSON Schema of the events of package contracts
// from their Go types. It is a separate package so that applications do not
// have to link the generator.
package schema

import (
	"github.com/invopop/jsonschema"

	"github.com/daprstack/daprstack/contracts"
)

// Data returns the schema of an event's data (E-08). Additional properties are
// allowed: a publisher may add some without breaking subscribers.
func Data(p contracts.Payload) *jsonschema.Schema {
	r := jsonschema.Reflector{Anonymous: true, ExpandedStruct: true, DoNotReference: true, AllowAdditionalProperties: true}
	s := r.Reflect(p)
	s.Title = p.Event().Type + " data"
	return s
}

// Event returns the schema of a whole event, its envelope with its data (E-01
// to E-08, E-11).
func Event(p contracts.Payload) *jsonschema.Schema {
	def := p.Event()
	data := Data(p)
	data.Version = "" // stated once, at the top level

	members := jsonschema.NewProperties()
	members.Set("specversion", &jsonschema.Schema{Const: contracts.SpecVersion})
	members.Set("type", &jsonschema.Schema{Const: def.Type})
	members.Set("source", &jsonschema.Schema{Const: def.Source})
	members.Set("id", &jsonschema.Schema{Type: "string", Pattern: `\S`, Description: "Unique; a UUID by default."})
	members.Set("time", &jsonschema.Schema{Type: "string", Format: "date-time"})
	members.Set("datacontenttype", &jsonschema.Schema{Type: "string", Default: contracts.DefaultDataContentType})
	members.Set("data", data)
	return &jsonschema.Schema{
		Version:     jsonschema.Version,
		Title:       def.Type,
		Description: "Published on " + def.Trigger + ".",
		Type:        "object",
		Properties:  members,
		Required:    []string{"specversion", "type", "source", "id", "data"},
	}
}
