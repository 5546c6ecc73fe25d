//go:build e2e

package e2e

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// certificatesAreRenewed: verify finds an issuer that is due, up renews it, and
// every pod stays and keeps its trust.
func certificatesAreRenewed(t *testing.T) {
	due := []string{"--quick", "-c", "dapr.certificates.renewBefore=8760h", "-c", "dapr.certificates.issuerLifetime=9000h"}
	failed, _ := verified(t, due...)
	require.Len(t, failed, 1)
	require.Contains(t, failed[0].Details[0], "the issuer ends on ")
	require.Contains(t, failed[0].Details[0], "is due for renewal: run up")

	c := localCluster(t)
	before := c.names(pods, "")
	run(t, "up", "--yes", "-c", "dapr.certificates.issuerLifetime=9000h")
	require.ElementsMatch(t, before, c.names(pods, ""), "no pod is replaced")
	failed, _ = verified(t, due...)
	require.Empty(t, failed)
	run(t, "up", "--yes")
}
