// Package schema gives the JSON Schema of the events of package contracts, made
// from their Go types. It is a package of its own so that an application need
// not carry the generator.
package schema

import (
	"github.com/invopop/jsonschema"

	"github.com/daprstack/daprstack/contracts"
)

// Data returns the schema of the data of an event (E-08). Members that it does
// not name are allowed: a publisher may add some without breaking subscribers.
func Data(p contracts.Payload) *jsonschema.Schema {
	r := jsonschema.Reflector{Anonymous: true, ExpandedStruct: true, DoNotReference: true, AllowAdditionalProperties: true}
	s := r.Reflect(p)
	s.Title = p.Event().Type + " data"
	return s
}

// Event returns the schema of the whole event, its envelope with its data (E-01
// to E-08, E-11).
func Event(p contracts.Payload) *jsonschema.Schema {
	def := p.Event()
	data := Data(p)
	data.Version = "" // stands once, at the top

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
