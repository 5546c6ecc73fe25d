package lint

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestIgnore: where a comment stands says what it lets pass.
func TestIgnore(t *testing.T) {
	// Without comments: T-06 on the item of two lines, T-10 on the last item.
	const manifest = `HEAD
apiVersion: dapr.io/v1alpha1
kind: Component
metadata:
  name: store
spec:
  type: state.redis
  version: v1
  metadata:
    - name: redisHost
      value: redis:6379
    BEFORE
    - name: redisPassword
      value: s3cret  BEHIND
    - name: timeout
      value: 3s
scopes: [a-app]
`
	const pass = "# daprstack:ignore "
	for name, c := range map[string]struct {
		head, before, behind string
		want                 []string // the rules, with the lines of what is wrong with comments
		ignored              int
	}{
		"none":                       {want: []string{"T-06", "T-10"}},
		"behind the value":           {behind: pass + "T-06 only here", want: []string{"T-10"}, ignored: 1},
		"above the item":             {before: pass + "T-06 only here", want: []string{"T-10"}, ignored: 1},
		"above the object":           {head: pass + "T-10 the proxy reads it", want: []string{"T-06"}, ignored: 1},
		"several rules":              {head: pass + "T-06,T-10 a test", ignored: 2},
		"without a space":            {head: "#daprstack:ignore T-06,T-10 a test", ignored: 2},
		"two comments":               {head: pass + "T-06,T-10 a test", behind: pass + "T-06 a test", ignored: 2},
		"above, with a blank line":   {head: pass + "T-06,T-10 a test\n\n# Of the shop", ignored: 2},
		"without a reason":           {behind: pass + "T-06", want: []string{"T-06", "ignore", "T-10"}},
		"without a rule":             {behind: pass + "because", want: []string{"T-06", "ignore", "T-10"}},
		"of nothing at all":          {behind: "# daprstack:ignore", want: []string{"T-06", "ignore", "T-10"}},
		"of a rule that is none":     {behind: pass + "T-06,Z-99 because", want: []string{"ignore", "T-10"}, ignored: 1},
		"of another rule":            {behind: pass + "T-09 because", want: []string{"T-06", "ignore", "T-10"}},
		"on another line":            {before: pass + "T-10 because", want: []string{"ignore", "T-06", "T-10"}},
		"another word that it is in": {behind: "# daprstack:ignored T-06 because", want: []string{"T-06", "T-10"}},
	} {
		t.Run(name, func(t *testing.T) {
			text := strings.NewReplacer("HEAD", c.head, "BEFORE", c.before, "BEHIND", c.behind).Replace(manifest)
			report := linted(t, []byte(text), Options{})
			var rules []string
			for _, f := range report.Findings {
				rules = append(rules, f.Rule)
			}
			require.Equal(t, c.want, rules)
			require.Equal(t, c.ignored, report.Ignored)
		})
	}
}

// TestIgnoreLevels: a comment that has no effect is as grave as what it hides would
// be; one that is not needed any more is a note.
func TestIgnoreLevels(t *testing.T) {
	for comment, want := range map[string]struct {
		level   Level
		message string
	}{
		"T-09":         {Warning, "must say why, behind the rules; without a reason it has no effect"},
		"why":          {Warning, "must name the rules that it is about, as in # daprstack:ignore T-10 why"},
		"T-99 because": {Warning, "T-99 is not a rule"},
		"T-09 because": {Note, "T-09 has nothing to let pass here: take the comment out"},
	} {
		text := "# daprstack:ignore " + comment + "\n" + component("state.in-memory", "    []\n")
		require.Equal(t, []Finding{{
			File: "<stdin>", Line: 1, Level: want.level, Rule: IgnoreRule, Object: "comment", Message: want.message,
			Fix: "correct the comment, or take it out",
		}}, linted(t, []byte(text), Options{}).Findings)
	}
}

// TestIgnoreInAText: what looks like a comment within a text is none.
func TestIgnoreInAText(t *testing.T) {
	for _, style := range []string{"|", ">", "|-"} {
		text := "apiVersion: v1\nkind: ConfigMap\nmetadata: { name: a }\ndata:\n  a: " + style + "\n    # daprstack:ignore T-06\n    b\n"
		require.Empty(t, linted(t, []byte(text), Options{}).Findings, style)
	}
	text := component("state.in-memory", "    []\n") + "---\n# daprstack:ignore T-09 it is of the next object\n" +
		strings.NewReplacer("scopes: [a-app]", "", "name: store", "name: other").Replace(component("state.in-memory", "    []\n"))
	report := linted(t, []byte(text), Options{})
	require.Empty(t, report.Findings)
	require.Equal(t, 1, report.Ignored)
}
