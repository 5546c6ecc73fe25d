package config

import "regexp"

// misread records the parts of a stack file that were not understood: a value of
// the wrong type, a key given twice, or a key that an unknown one was probably
// meant to be.
//
// Neither a misread part nor anything that depends on it is checked: a violation
// is dropped if its path, or the path of a value that it was checked against, is
// that of a misread part or lies below or above one. So a wrong type causes one
// error, not another for everything that refers to it, and every reported error
// is real.
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

// touches reports whether a path is that of a misread part, below one or above
// one. A path with [] for an index stands for all indices.
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

// parent returns the path above, or "" for a top-level key.
func parent(path string) string {
	for i := len(path) - 1; i > 0; i-- {
		if path[i] == '.' || path[i] == '[' {
			return path[:i]
		}
	}
	return ""
}
