package changes_test

import (
	"fmt"
	"io"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/daprstack/daprstack/internal/changes"
)

// BenchmarkDiff renders a stack before and after a change of every app, compares the
// two and writes the comment of the pull request.
func BenchmarkDiff(b *testing.B) {
	for _, n := range []int{10, 100, 1000} {
		b.Run(strconv.Itoa(n), func(b *testing.B) {
			before, after := shop(), shop()
			before["daprstack:apps"] = apps(n, "1")
			after["daprstack:apps"] = apps(n, "2")
			b.ReportAllocs()
			for b.Loop() {
				from, to := rendered(b, before), rendered(b, after)
				found := changes.Compare(from, to, nil)
				require.Len(b, found, n)
				require.NoError(b, changes.Markdown(io.Discard, []*changes.Stack{{Name: "many", Objects: len(to), Changes: found}}))
			}
		})
	}
}

// apps are the apps of the shop and more of the same, n in all.
func apps(n int, tag string) string {
	all := []string{
		`{"name": "web", "image": "web:` + tag + `", "port": 80, "sidecar": {"appId": "web-app"}}`,
		`{"name": "till", "image": "till:` + tag + `", "port": 81, "sidecar": {"appId": "till-app"}}`,
	}
	for i := range n - len(all) {
		all = append(all, fmt.Sprintf(`{"name": "a%d", "image": "a:%s", "port": 8000, "sidecar": {"appId": "a%[1]d-app"}}`, i, tag))
	}
	return "[" + strings.Join(all, ",") + "]"
}
