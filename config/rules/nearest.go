package rules

import (
	"iter"
	"slices"
	"strings"
)

// Nearest returns the candidate that name was most likely meant to be, or "" if
// none is close: the one with the smallest edit distance, ignoring case, of at
// most a third of the name's length, at least one edit and at most three: beyond
// that it is another word. Of several equally close candidates it returns the
// first in alphabetical order.
func Nearest(name string, candidates []string) string {
	return nearest(name, slices.Values(candidates))
}

func nearest(name string, candidates iter.Seq[string]) string {
	best, limit := "", min(max(1, len(name)/3), 3)
	lower := strings.ToLower(name)
	var row []int
	for c := range candidates {
		if len(c)-len(name) > limit || len(name)-len(c) > limit {
			continue // saves most of the work in a large stack
		}
		row = distances(row, lower, strings.ToLower(c))
		if d := row[len(row)-1]; d < limit || d == limit && (best == "" || c < best) {
			best, limit = c, d
		}
	}
	return best
}

// distances returns Levenshtein distances in bytes, the last of which is that of a
// and b. It reuses the space of row.
func distances(row []int, a, b string) []int {
	for a != "" && b != "" && a[0] == b[0] {
		a, b = a[1:], b[1:]
	}
	for a != "" && b != "" && a[len(a)-1] == b[len(b)-1] {
		a, b = a[:len(a)-1], b[:len(b)-1]
	}
	row = row[:0]
	for j := range len(b) + 1 {
		row = append(row, j)
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			change := diagonal
			if a[i] != b[j] {
				change++
			}
			diagonal, row[j+1] = row[j+1], min(row[j]+1, row[j+1]+1, change)
		}
	}
	return row
}
