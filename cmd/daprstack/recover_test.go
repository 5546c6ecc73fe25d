package main

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestDeploymentToRecover(t *testing.T) {
	on := &target{stack: "dev", context: "mine"}
	for _, c := range []struct {
		given     string
		ids       []string
		want, err string
	}{
		{ids: []string{"one"}, want: "one"},
		{given: "two", ids: []string{"one", "two"}, want: "two"},
		{err: "context mine has no object that bears the mark of stack dev: there is nothing to recover"},
		{ids: []string{"one", "two"}, err: "the cluster has several deployments of the stack: choose with --deployment one of one, two"},
		{given: "three", ids: []string{"one", "two"}, err: "--deployment three: context mine has one, two"},
	} {
		got, err := (&recoverOptions{deployment: c.given}).choose(on, c.ids)
		require.Equal(t, c.want, got)
		if c.err != "" {
			require.EqualError(t, err, c.err)
		} else {
			require.NoError(t, err)
		}
	}
}
