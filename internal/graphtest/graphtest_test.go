package graphtest_test

import (
	"errors"
	"fmt"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/require"

	"github.com/daprstack/daprstack/internal/graphtest"
)

// spy is a test that only records its errors.
type spy struct {
	testing.TB
	errors []string
}

func (s *spy) Helper()           {}
func (s *spy) Error(args ...any) { s.errors = append(s.errors, fmt.Sprint(args...)) }

type thing struct{ pulumi.CustomResourceState }
type group struct{ pulumi.ResourceState }

// register registers a resource of any type.
func register(ctx *pulumi.Context, typ, name string, props pulumi.Map, opts ...pulumi.ResourceOption) *thing {
	t := &thing{}
	if err := ctx.RegisterResource(typ, name, props, t, opts...); err != nil {
		panic(err)
	}
	return t
}

func TestUnknownTypesFail(t *testing.T) {
	s := &spy{TB: t}
	_, err := graphtest.Run(s, func(ctx *pulumi.Context) error {
		register(ctx, "kubernetes:apps/v1:Deploymnet", "a", nil)
		return ctx.RegisterComponentResource("daprstack:Bad", "b", &group{})
	})
	require.NoError(t, err)
	require.ElementsMatch(t, []string{
		`kubernetes:apps/v1:Deploymnet "a": unknown resource type`,
		`daprstack:Bad "b": unknown resource type`,
	}, s.errors)
}

func TestProgramError(t *testing.T) {
	_, err := graphtest.Run(t, func(*pulumi.Context) error { return errors.New("no") })
	require.ErrorContains(t, err, "no")
}

func TestGraph(t *testing.T) {
	g, err := graphtest.Run(t, func(ctx *pulumi.Context) error {
		secret := register(ctx, "kubernetes:core/v1:Secret", "secret", pulumi.Map{
			"stringData": pulumi.ToSecret(pulumi.Map{"password": pulumi.String("hush")}),
			"type":       pulumi.String("Opaque"),
		})
		parent := &group{}
		if err := ctx.RegisterComponentResource("daprstack:test:Group", "group", parent, pulumi.DependsOn([]pulumi.Resource{secret})); err != nil {
			return err
		}
		register(ctx, "kubernetes:core/v1:Service", "child", pulumi.Map{"list": pulumi.ToStringArray([]string{"x", "y"})}, pulumi.Parent(parent))
		register(ctx, "kubernetes:core/v1:Service", "other", pulumi.Map{"leak": pulumi.String("it is hush")})
		ctx.Export("leak", pulumi.String("hush again"))
		return nil
	})
	require.NoError(t, err)
	secret, child, other := g.Get(t, "Secret", "secret"), g.Get(t, "Service", "child"), g.Get(t, "kubernetes:core/v1:Service", "other")
	require.True(t, g.Before(secret, child), "through its parent")
	require.False(t, g.Before(child, secret))
	require.False(t, g.Before(secret, other))
	require.False(t, g.Before(secret, secret))
	require.Equal(t, []string{"Group group → Secret secret"}, g.Edges())
	require.Equal(t, "hush", secret.Input("stringData", "password"))
	require.Equal(t, "y", child.Input("list", 1))
	require.Nil(t, child.Input("list", 2))
	require.Nil(t, child.Input("none", "at all"))
	require.Equal(t, []string{"Service other: leak", "output leak"}, g.Clear("hush"))
	require.NotContains(t, g.Dump(), "password")
	require.Len(t, g.All("Service"), 2)
}

func TestHold(t *testing.T) {
	_, err := graphtest.Run(t, func(ctx *pulumi.Context) error {
		register(ctx, "kubernetes:core/v1:Service", "first", nil)
		register(ctx, "kubernetes:core/v1:Service", "second", nil)
		return nil
	}, graphtest.Hold("first", "second"))
	require.NoError(t, err)
}
