package rules

import (
	"slices"
	"strconv"
	"strings"
)

// SplitTarget splits the target of an invocation into an app-id and, if the app is
// in another namespace, that namespace (I-05).
func SplitTarget(target string) (appID, namespace string) {
	appID, namespace, _ = strings.Cut(target, ".")
	return appID, namespace
}

// TargetElsewhere checks a target that names a namespace (I-01). own is the
// namespace of the stack, and apps are the app-ids of the stack, which are named
// without one.
func TargetElsewhere(target, own string, apps Names) []Reason {
	appID, namespace := SplitTarget(target)
	switch {
	case AppID(appID) != nil || !dnsLabel(namespace, 63):
		return because("I-01", "must be an app-id, or app-id.namespace for an app of another namespace or stack")
	case namespace == own && apps[appID]:
		return because("I-01", "must be %q: it is an app of this stack", appID)
	}
	return nil
}

// Operation is something that callers may ask of an app: a path and the verbs.
type Operation struct {
	// Path of the app, or /service/method with gRPC, and everything below it. A *
	// stands for any text within a segment; as the last segment, /*, it stands for
	// nothing or for one whole segment, and /** for everything below. Letters are
	// compared without regard to their case, except with gRPC.
	Path string
	// Verbs are HTTP methods. Default all.
	Verbs []string
}

// Operations checks what callers may ask of an app, by position (I-07): Dapr looks
// paths up in a way that silently never finds some of them (pkg/config/acl_trie.go).
func Operations(operations []Operation, grpc bool) map[int][]Reason {
	found := map[int][]Reason{}
	for i, o := range operations {
		reasons := operationPath(o.Path)
		for j, other := range operations {
			if reasons != nil || i == j || operationPath(other.Path) != nil {
				continue
			}
			reasons = shadowed(o.Path, other.Path, j < i)
		}
		if reasons = append(reasons, operationVerbs(o.Verbs, grpc)...); reasons != nil {
			found[i] = reasons
		}
	}
	return found
}

func operationPath(path string) []Reason {
	segments := strings.Split(path, "/")
	last := len(segments) - 1
	switch {
	case segments[0] != "" || last == 0:
		return because("I-07", "must be a path that starts with /, such as /orders or /orders/*")
	case slices.Contains(segments[1:max(last, 1)], ""), last > 1 && segments[last] == "",
		slices.Contains(segments, "."), slices.Contains(segments, ".."), !URIText(path), strings.ContainsAny(path, "?#[]"):
		return because("I-07", "must be a plain path, without empty or dot segments, a query or a trailing slash")
	}
	for _, s := range segments[1:last] {
		if s == "*" || strings.Contains(s, "**") {
			return because("I-07", "must have * alone and ** in its last segment only: Dapr finds nothing with it elsewhere")
		}
	}
	return nil
}

// shadowed checks that Dapr finds a path beside another one.
func shadowed(path, other string, before bool) []Reason {
	p, o := strings.Split(strings.ToLower(path), "/"), strings.Split(strings.ToLower(other), "/")
	if slices.Equal(p, o) {
		if before {
			return because("I-07", "must be unique: Dapr takes the first of the same path only")
		}
		return nil
	}
	if len(p) <= len(o) {
		return nil
	}
	for i, segment := range o {
		if !wildcard(segment, p[i]) {
			return nil
		}
	}
	return because("I-07", "must not be below %s: Dapr finds only one of them", strconv.Quote(other))
}

// wildcard reports whether a segment matches a pattern in which * stands for any
// text.
func wildcard(pattern, segment string) bool {
	parts := strings.Split(pattern, "*")
	if len(parts) == 1 {
		return pattern == segment
	}
	rest, found := strings.CutPrefix(segment, parts[0])
	for _, part := range parts[1 : len(parts)-1] {
		if found {
			_, rest, found = strings.Cut(rest, part)
		}
	}
	return found && strings.HasSuffix(rest, parts[len(parts)-1])
}

func operationVerbs(verbs []string, grpc bool) []Reason {
	if grpc && len(verbs) > 0 {
		return because("I-07", "must have no verbs: the app speaks gRPC, for which Dapr ignores them")
	}
	for i, verb := range verbs {
		switch {
		case Method(verb) != nil:
			return because("I-07", "must have verbs of %s", strings.Join(Methods, ", "))
		case slices.Contains(verbs[:i], verb):
			return because("I-07", "must name each verb once")
		}
	}
	return nil
}

// Covers reports whether Dapr finds the operation for a request of an HTTP app.
func (o Operation) Covers(method, path string) bool {
	if len(o.Verbs) > 0 && !slices.Contains(o.Verbs, method) {
		return false
	}
	pattern, segments := strings.Split(strings.ToLower(o.Path), "/"), strings.Split(strings.ToLower(path), "/")
	last := len(pattern) - 1
	switch pattern[last] {
	case "*":
		if len(segments) == last {
			segments = append(segments, "")
		}
		if len(segments) != last+1 {
			return false
		}
	case "**":
		pattern = pattern[:last]
	}
	if len(segments) < len(pattern) {
		return false
	}
	for i, p := range pattern {
		if !wildcard(p, segments[i]) {
			return false
		}
	}
	return true
}

// SortOperations sorts operations so that Dapr, which takes the first that matches,
// finds the most specific one.
func SortOperations(operations []Operation) {
	slices.SortStableFunc(operations, func(a, b Operation) int { return strings.Count(a.Path, "*") - strings.Count(b.Path, "*") })
}
