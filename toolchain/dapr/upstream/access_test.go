package upstream_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/dapr/dapr/pkg/acl"
	"github.com/dapr/dapr/pkg/config"
)

// TestOperations: Dapr finds an operation of an access policy for the requests that
// config/rules says.
func TestOperations(t *testing.T) {
	var cases []struct {
		Operations []string
		Path       string
		Found      bool
	}
	file(t, &cases, "config", "rules", "testdata", "access.json")
	for _, c := range cases {
		policy := config.AppPolicySpec{AppName: "a", Namespace: "n", TrustDomain: "public", DefaultAction: "deny"}
		for _, path := range c.Operations {
			policy.AppOperationActions = append(policy.AppOperationActions, config.AppOperation{Operation: path, HTTPVerb: []string{"*"}, Action: "allow"})
		}
		list, err := acl.ParseAccessControlSpec(&config.AccessControlSpec{DefaultAction: "deny", TrustDomain: "public", AppPolicies: []config.AppPolicySpec{policy}}, true)
		require.NoError(t, err)
		action := list.PolicySpec["a||n"].AppOperationActions.Search(strings.ToLower(c.Path))
		require.Equal(t, c.Found, action != nil, "%s in %s", c.Path, c.Operations)
	}
}
