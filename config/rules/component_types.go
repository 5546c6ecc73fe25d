package rules

import "slices"

// A Kind is what a component is for, the first part of its type.
type Kind string

// The kinds of components that a stack has.
const (
	StateStore Kind = "state"
	PubSub     Kind = "pubsub"
)

// A ComponentType is one type of component that a stack supports (T-02). A new
// one is a row of [ComponentTypes]; one with a new backend also needs an
// implementation of Backend in components/dapr, which makes its metadata items,
// and of backend in verify, which looks at its data past the sidecars.
type ComponentType struct {
	Name     string // the type, "state.redis"
	Kind     Kind
	Backend  string                 // what it keeps its data in
	Metadata map[string]MetadataKey // what the pinned Dapr reads (T-10)
}

// ComponentTypes lists the supported types, the default of each kind first.
var ComponentTypes = []ComponentType{
	{StateRedis, StateStore, "redis", with(redisMetadata, stateMetadata)},
	{PubSubRedis, PubSub, "redis", with(redisMetadata, streamsMetadata)},
}

// The names of the types.
const (
	StateRedis  = "state.redis"
	PubSubRedis = "pubsub.redis"
)

// TypesOf returns the names of the supported types of a kind, or of all kinds
// when none is given, defaults first.
func TypesOf(kinds ...Kind) (names []string) {
	for _, t := range ComponentTypes {
		if len(kinds) == 0 || slices.Contains(kinds, t.Kind) {
			names = append(names, t.Name)
		}
	}
	return names
}

// TypeOf returns the type of that name, and false if it is not supported.
func TypeOf(name string) (ComponentType, bool) {
	i := slices.IndexFunc(ComponentTypes, func(t ComponentType) bool { return t.Name == name })
	if i < 0 {
		return ComponentType{}, false
	}
	return ComponentTypes[i], true
}

// DefaultType returns the type that a component of a kind has by default.
func DefaultType(kind Kind) string { return TypesOf(kind)[0] }
