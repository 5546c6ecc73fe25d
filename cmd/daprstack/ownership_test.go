package main

import (
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/tokens"
	"github.com/pulumi/pulumi/sdk/v3/go/common/workspace"
	"github.com/stretchr/testify/require"

	"github.com/daprstack/daprstack/internal/cluster"
	"github.com/daprstack/daprstack/internal/ownership"
)

// TestClaimsAreRefused: what another deployment made is never adopted; what others
// made, only when asked.
func TestClaimsAreRefused(t *testing.T) {
	on := &target{stack: "dev", context: "mine", project: &workspace.Project{Name: tokens.PackageName("daprstack")}}
	claim := func(stack, deployment, owner string) ownership.Claim {
		return ownership.Claim{Object: cluster.Object{Kind: "Namespace", Name: "todo"}, Stack: stack, Deployment: deployment, Owner: owner}
	}
	nobodys := claim("", "", "made with kubectl")
	same, another := claim("daprstack-dev", "one", "stack daprstack-dev"), claim("daprstack-prod", "two", "stack daprstack-prod")
	leaving := claim("daprstack-dev", "mine", "it is being deleted")
	leaving.Deleting = true
	const (
		adoptable = "1 object exists on context mine that stack dev did not make; nothing was changed:\n  Namespace todo: made with kubectl\nuse other names"
		share     = "stack dev is deployed on context mine, and this state does not know it."
		theirs    = "1 object belongs on context mine to another deployment; nothing was changed:\n  Namespace todo: stack daprstack-"
	)
	for name, c := range map[string]struct {
		claims []ownership.Claim
		adopt  bool
		want   []string
	}{
		"nothing":                 {},
		"of others":               {claims: []ownership.Claim{nobodys}, want: []string{adoptable, "--adopt"}},
		"of others, adopted":      {claims: []ownership.Claim{nobodys}, adopt: true},
		"the same stack":          {claims: []ownership.Claim{same}, want: []string{theirs + "dev", share, "daprstack recover -s dev"}},
		"the same stack, adopted": {claims: []ownership.Claim{same}, adopt: true, want: []string{share}},
		"another stack, adopted":  {claims: []ownership.Claim{another}, adopt: true, want: []string{theirs + "prod", "use other names, or destroy that stack first"}},
		"being deleted, adopted": {
			claims: []ownership.Claim{leaving}, adopt: true,
			want: []string{"1 object is being deleted on context mine; nothing was changed: wait until they are gone, and run it again:\n  Namespace todo: it is being deleted"},
		},
		"of others, and another stack": {claims: []ownership.Claim{nobodys, another}, want: []string{adoptable, theirs + "prod"}},
	} {
		t.Run(name, func(t *testing.T) {
			err := on.refuse(c.claims, ownershipOptions{adopt: c.adopt})
			if c.want == nil {
				require.NoError(t, err)
			}
			for _, want := range c.want {
				require.ErrorContains(t, err, want)
			}
		})
	}
}

func TestLongListsAreCut(t *testing.T) {
	claims := make([]ownership.Claim, mostLines+2)
	require.Contains(t, lines(claims), "\n  … and 2 more")
	require.NotContains(t, lines(claims[:mostLines]), "more")
}
