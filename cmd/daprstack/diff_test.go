package main

import (
	"bytes"
	"context"
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/daprstack/daprstack/config"
)

func TestDiffFlags(t *testing.T) {
	var got *diffOptions
	cmd := newDiffCommand(func(_ context.Context, opts *diffOptions) error { got = opts; return nil })
	cmd.SetArgs([]string{"dev", "prod", "--json"})
	require.NoError(t, cmd.Execute())
	require.Equal(t, "dev", got.from)
	require.Equal(t, "prod", got.to)
	require.True(t, got.json)
	require.NotNil(t, got.out)
}

func TestDiffTakesTwoStacks(t *testing.T) {
	for _, args := range [][]string{{}, {"dev"}, {"dev", "prod", "staging"}, {"dev", "prod", "-s", "x"}} {
		cmd := newDiffCommand(func(context.Context, *diffOptions) error { t.Fatal("it ran"); return nil })
		cmd.SetArgs(args)
		cmd.SilenceErrors, cmd.SilenceUsage = true, true
		require.Error(t, cmd.Execute(), args)
	}
}

func TestDiff(t *testing.T) {
	checkoutOf(t, shopFiles)
	var out bytes.Buffer
	require.NoError(t, runDiff(t.Context(), &diffOptions{from: "dev", to: "prod", console: console{out: &out}}))
	require.Equal(t, `KEY                  dev    prod
context              here   there
redis.storage        2Gi    1Gi
apps[web].image      web:1  web:2
apps[till].replicas  1      3
redis.password       -      ********
apps[web].env.TOKEN  -      ********
`, out.String())

	out.Reset()
	require.NoError(t, runDiff(t.Context(), &diffOptions{from: "prod", to: "dev", json: true, console: console{out: &out}}))
	var rows []difference
	require.NoError(t, json.Unmarshal(out.Bytes(), &rows))
	require.Len(t, rows, 6)
	require.Contains(t, rows, difference{"apps[till].replicas", 3.0, 1.0})
	require.Contains(t, rows, difference{"redis.password", "********", nil})

	out.Reset()
	require.NoError(t, runDiff(t.Context(), &diffOptions{from: "prod", to: "prod", console: console{out: &out}}))
	require.Equal(t, "KEY  prod  prod\n", out.String())

	require.ErrorContains(t, runDiff(t.Context(), &diffOptions{from: "dev", to: "nowhere"}), `there is no stack "nowhere"`)
}

// TestSecretsAreNotCompared: each encryption of one secret is another text.
func TestSecretsAreNotCompared(t *testing.T) {
	files := map[string]string{"Pulumi.yaml": shopFiles["Pulumi.yaml"]}
	for stack, cipher := range map[string]string{"a": "v1:1:1", "b": "v1:2:2"} {
		files["Pulumi."+stack+".yaml"] = `config: { daprstack:context: c, daprstack:redis: { password: { secure: "` + cipher + `" } } }`
	}
	checkoutOf(t, files)
	var out bytes.Buffer
	require.NoError(t, runDiff(t.Context(), &diffOptions{from: "a", to: "b", json: true, console: console{out: &out}}))
	require.JSONEq(t, "[]", out.String())
}

// TestDifferences: lists are compared whole, and what is null on one side only is
// there on the other.
func TestDifferences(t *testing.T) {
	require.Equal(t, []difference{{"a", []any{"x"}, []any{"y"}}, {"b", "1", nil}, {"d", nil, false}}, differences(
		[]config.Setting{{Path: "a", Value: []any{"x"}}, {Path: "b", Value: "1"}, {Path: "c", Value: true}},
		[]config.Setting{{Path: "d", Value: false}, {Path: "c", Value: true, From: "c"}, {Path: "a", Value: []any{"y"}}},
	))
}
