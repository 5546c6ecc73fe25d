//go:build !dapr117

package upstream_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestComponentTypes: the types and versions that policies and lint know are those
// that daprd registers, with all its components.
func TestComponentTypes(t *testing.T) {
	var ours map[string][]string
	file(t, &ours, "config", "rules", "testdata", "types.json")
	theirs := map[string][]string{}
	files, err := filepath.Glob(filepath.Join(moduleDir(t, "github.com/dapr/dapr"), "cmd", "daprd", "components", "*.go"))
	require.NoError(t, err)
	for _, name := range files {
		source, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.ParseComments)
		require.NoError(t, err)
		kind, _, _ := strings.Cut(filepath.Base(name), "_")
		if kind == "middleware" {
			kind = "middleware.http"
		}
		if !builtWithAll(source) || kind == "nameresolution" { // which is no component
			continue
		}
		ast.Inspect(source, func(n ast.Node) bool {
			call, ok := n.(*ast.CallExpr)
			if !ok {
				return true
			}
			function, ok := call.Fun.(*ast.SelectorExpr)
			if !ok || !strings.HasPrefix(function.Sel.Name, "Register") || strings.Contains(function.Sel.Name, "Wasm") {
				return true
			}
			versions := versionsIn(call)
			for _, arg := range call.Args {
				if name, ok := literal(arg); ok {
					theirs[kind+"."+name] = versions
				}
			}
			return true
		})
	}
	require.Equal(t, theirs, ours)
}

// builtWithAll reports whether a file is built with the tag of all components.
func builtWithAll(source *ast.File) bool {
	for _, group := range source.Comments {
		for _, comment := range group.List {
			if tags, ok := strings.CutPrefix(comment.Text, "//go:build "); ok {
				return slices.Contains(strings.Fields(tags), "allcomponents")
			}
		}
	}
	return true
}

// versionsIn returns the versions that a registration lists, the first one if it
// lists none.
func versionsIn(call *ast.CallExpr) (versions []string) {
	ast.Inspect(call, func(n ast.Node) bool {
		if pair, ok := n.(*ast.KeyValueExpr); ok {
			if key, ok := pair.Key.(*ast.Ident); ok && key.Name == "Version" {
				if version, ok := literal(pair.Value); ok {
					versions = append(versions, version)
				}
			}
		}
		return true
	})
	if versions == nil {
		return []string{"v1"}
	}
	slices.Sort(versions)
	return versions
}

func literal(e ast.Expr) (string, bool) {
	l, ok := e.(*ast.BasicLit)
	if !ok || l.Kind != token.STRING {
		return "", false
	}
	text, err := strconv.Unquote(l.Value)
	return text, err == nil
}

// TestHonoured: what a stack file may not write and Dapr honours all the same, so
// that policies and lint let it pass, and what is almost the same and has no effect.
func TestHonoured(t *testing.T) {
	for _, c := range []struct{ typ, key, value, reads, want string }{
		{stateRedis, "ENABLEtls", "true", "enableTLS", "true"},
		{stateRedis, "enableTLS", "True", "enableTLS", "true"},
		{stateRedis, "failover", "0", "failover", "false"},
		{stateRedis, "maxRetries", "5", "redisMaxRetries", "5"},
		{stateRedis, "maxRetryBackoff", "7000000", "redisMinRetryInterval", "7ms"},
		{pubSubRedis, "QUEUEdepth", "7", "queueDepth", "7"},
		{pubSubRedis, "processingTimeout", "0", "processingTimeout", "0s"},
		{pubSubRedis, "redeliverInterval", "0", "redeliverInterval", "0s"},
		{pubSubRedis, "redeliverinterval", "30000", "redeliverInterval", "15s"},
		{pubSubRedis, "consumerId", "workers", "consumerID", appID},
		{pubSubRedis, "consumerID", "{podName}", "consumerID", podName},
	} {
		s, err := load(component(c.typ, map[string]string{c.key: c.value}))
		require.NoError(t, err, c.key)
		require.Equal(t, c.want, s.read(t, c.reads), "%s=%s", c.key, c.value)
	}
	_, err := load(component(stateRedis, map[string]string{"enableTLS": "yes"}))
	require.Error(t, err)
}
