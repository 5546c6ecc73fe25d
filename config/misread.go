package config

import "regexp"

// misread are the parts of a stack file that were not understood: a value of a
// wrong type, a key that is given twice, or one that must have been meant by an
// unknown key.
//
// What was not understood is not judged, and neither is what can only be judged
// by it: a violation is left out when its own place, or that of a value that it
// was held against, is a misread part, lies below one or above one. So a wrong
// type costs one error, not one more for everything that refers to it, and all
// errors that are reported hold.
type misread struct {
	parts  map[string]bool // "apps[1].sidecar", and as a pattern "apps[].sidecar"
	around map[string]bool // the parts and everything above them
}

func (m *misread) mark(path string) {
	if m.parts == nil {
		m.parts, m.around = map[string]bool{}, map[string]bool{}
	}
	for _, p := range []string{path, anyIndex.ReplaceAllString(path, "[]")} {
		m.parts[p] = true
		for ; p != ""; p = parent(p) {
			m.around[p] = true
		}
	}
}

var anyIndex = regexp.MustCompile(`\[\d+\]`)

// touches says whether a place is a misread part, below one or above one. With []
// for an index it stands for the places of all indices.
func (m *misread) touches(path string) bool {
	if m.around[path] {
		return true
	}
	for p := path; p != "" && len(m.parts) > 0; p = parent(p) {
		if m.parts[p] {
			return true
		}
	}
	return false
}

// parent returns the path above, "" for a top-level key.
func parent(path string) string {
	for i := len(path) - 1; i > 0; i-- {
		if path[i] == '.' || path[i] == '[' {
			return path[:i]
		}
	}
	return ""
}
