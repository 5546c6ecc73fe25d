package main

import (
	"bytes"
	"context"
	"errors"
	"strings"
	"testing"

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

func TestEngineError(t *testing.T) {
	require.NoError(t, engineError(t.Context(), "up", nil))
	require.EqualError(t, engineError(t.Context(), "up", errors.New("exit status 255")),
		"up failed; the messages above say why. Fix that and run it again to continue")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	require.EqualError(t, engineError(ctx, "up", errors.New("exit status 255")), "up was interrupted; run it again to continue")
}
