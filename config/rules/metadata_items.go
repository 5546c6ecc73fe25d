package rules

import "strings"

// MetadataSource says where the value of a metadata item comes from.
type MetadataSource int

// The sources of values.
const (
	FromValue  MetadataSource = iota // written in the object, even if there is a reference too
	FromLater                        // written in the object but not known yet, as in a preview
	FromSecret                       // a secretKeyRef
	FromEnv                          // an envRef: an environment variable of the sidecar
)

// MetadataEntry is one item in the metadata list of a Component object.
type MetadataEntry struct {
	Name  string
	Value string // set only for FromValue
	From  MetadataSource
}

// MetadataItems checks the whole metadata list of a Component object: that each
// item passes [MetadataItem], that none is given twice or missing, and that they
// pass [MetadataTogether]. The reasons are by the name of the item, including
// missing items.
//
// It accepts a component without a password, because the object does not show
// whether Redis asks for one.
func MetadataItems(componentType string, entries []MetadataEntry) map[string][]Reason {
	if Metadata(componentType) == nil {
		return nil
	}
	found := MetadataTogether(componentType, entries)
	given := map[string]bool{}
	for _, e := range entries {
		if given[e.Name] {
			found[e.Name] = append(found[e.Name], because("T-10", "must be given once: Dapr takes the last")...)
		}
		given[e.Name] = true
		found[e.Name] = append(found[e.Name], entry(componentType, e)...)
		if len(found[e.Name]) == 0 {
			delete(found, e.Name)
		}
	}
	if !given["redisHost"] {
		found["redisHost"] = because("T-05", "is required")
	}
	if componentType == PubSubRedis && !given["streamTTL"] && !given["maxLenApprox"] {
		found["streamTTL"] = because("Q-05", "is required, or maxLenApprox: a stream must not grow for ever")
	}
	return found
}

func entry(componentType string, e MetadataEntry) []Reason {
	if e.From == FromValue {
		return MetadataItem(componentType, e.Name, e.Value)
	}
	key, reasons := metadataKey(componentType, e.Name)
	if key != nil && key.Sensitive && e.From != FromSecret {
		return plain(*key)
	}
	return reasons
}

// MetadataTogether checks how the items of one component affect each other: it
// reports a key that Dapr ignores without another one or because of it (T-10), a
// stream that is limited twice, and several addresses without a cluster
// (T-05).
func MetadataTogether(componentType string, entries []MetadataEntry) map[string][]Reason {
	known, set := Metadata(componentType), map[string]MetadataEntry{}
	for _, e := range entries {
		set[e.Name] = e
	}
	found := map[string][]Reason{}
	add := func(name string, reasons []Reason) { found[name] = append(found[name], reasons...) }

	for name, e := range set {
		for _, need := range known[name].Needs {
			off := e.is("false") || e.From == FromLater && known[name].Form == Truth
			if off || meets(set, known, need) {
				continue // what is switched off, or may be, needs nothing
			}
			add(name, because("T-10", "must not be given without %s: Dapr does not honour it then", need))
		}
	}
	if set["useEntraID"].is("true") {
		for _, name := range []string{"redisPassword", "redisUsername"} {
			if _, ok := set[name]; ok {
				add(name, because("T-10", "must be left out with useEntraID=true: the component does not start"))
			}
		}
	}
	if _, ok := set["streamTTL"]; ok {
		if _, ok := set["maxLenApprox"]; ok {
			add("maxLenApprox", MaxLenApprox(1, true))
		}
	}
	if several := strings.Contains(set["redisHost"].Value, ","); several &&
		!set["redisType"].may("cluster") && !set["failover"].may("true") {
		add("redisHost", because("T-05", "must be one host:port without redisType=cluster or failover=true"))
	}
	return found
}

// meets reports whether the items may meet a need of the form "key" or
// "key=value". A key that is not given has its default value.
func meets(set map[string]MetadataEntry, known map[string]MetadataKey, need string) bool {
	name, value, hasValue := strings.Cut(need, "=")
	e, ok := set[name]
	if !ok {
		return hasValue && known[name].Default == value
	}
	return !hasValue || e.may(value)
}

// is reports whether an item is known to have a value.
func (e MetadataEntry) is(value string) bool { return e.From == FromValue && e.Value == value }

// may reports whether an item has a value or could have it, because the value is
// not known. The zero item has none.
func (e MetadataEntry) may(value string) bool {
	return e.Name != "" && (e.From != FromValue || e.Value == value)
}
