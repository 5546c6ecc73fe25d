package main

import (
	"bytes"
	"context"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/apitype"
	"github.com/stretchr/testify/require"
)

func TestConfirm(t *testing.T) {
	const no = "nothing was changed"
	for answer, want := range map[string]string{
		"y\n": "", "Y\n": "", "yes\n": "", "y": "", "yes\r\n": "",
		"n\n": no, "\n": no, "": no, "yesterday\n": no, "no y\n": no,
	} {
		var asked bytes.Buffer
		c := console{in: strings.NewReader(answer), err: &asked, interactive: true}
		err := c.confirm(false, "remove %s", "it")
		if want == "" {
			require.NoError(t, err, "%q", answer)
		} else {
			require.EqualError(t, err, want, "%q", answer)
		}
		require.Equal(t, "About to remove it. Go on? [y/N] ", asked.String())
	}
	require.NoError(t, quiet.confirm(true, "remove it"), "--yes")
	require.EqualError(t, quiet.confirm(false, "remove it"), "about to remove it, but there is nobody to ask: use --yes")
}

// TestFail: an error of the engine says what failed, and what to do next.
func TestFail(t *testing.T) {
	failed := errors.New("exit status 255")
	run := func(problems ...string) *run {
		r := (&displayOptions{}).show(t.Context(), console{out: io.Discard, err: io.Discard}, nil, "todo")
		for _, p := range problems {
			r.Handle(apitype.EngineEvent{DiagnosticEvent: &apitype.DiagnosticEvent{Severity: "error", Message: p}})
		}
		r.Close()
		return r
	}
	require.EqualError(t, run("no room\nat all").fail(t.Context(), "up failed", "dev", failed),
		"up failed:\n  no room\n  at all\nCorrect that and run daprstack up -s dev again to continue")
	require.ErrorContains(t, run("no matches for kind Component").fail(t.Context(), "up failed", "dev", failed),
		"run daprstack refresh -s dev, then up again")
	quiet := run()
	quiet.raw.WriteString("error: wrong passphrase\n")
	require.ErrorContains(t, quiet.fail(t.Context(), "up failed", "dev", failed), "up failed:\n  error: wrong passphrase\n")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	require.EqualError(t, run().fail(ctx, "up failed", "dev", failed), "up was interrupted; run it again to continue")
}
