package main

import (
	"context"
	"errors"
	"io"

	"github.com/pulumi/pulumi/sdk/v3/go/auto"

	"github.com/daprstack/daprstack/config"
	"github.com/daprstack/daprstack/internal/cluster"
	"github.com/daprstack/daprstack/internal/engine"
)

// session is what preview and up work with: a stack file that is valid, a cluster
// that the stack can work with, and, once it is opened, the stack on the engine.
type session struct {
	*target
	console
	want   *config.Stack
	client *cluster.Client
	pack   policyPack
	opened *auto.Stack // nil before open
	state  engine.State
}

// newSession checks the stack file, the cluster and the configuration of the
// policies. Nothing is built or written.
func newSession(ctx context.Context, o stackOptions, policies policyOptions, c console) (*session, error) {
	t, want, err := reachable(ctx, o)
	if err != nil {
		return nil, err
	}
	s := &session{target: t, console: c, want: want}
	if s.client, err = t.client(); err != nil {
		return nil, err
	}
	if err := t.checkControlPlane(ctx, s.client, want, c.err); err != nil {
		return nil, err
	}
	if err := t.checkKinds(s.client, want); err != nil {
		return nil, err
	}
	dir, err := t.dir()
	if err != nil {
		return nil, err
	}
	s.pack, err = policies.loadPolicies(dir)
	return s, err
}

// open opens the stack, by [target.inspect] or [target.resume]. It fails when the
// cluster is not the one that the state knows.
func (s *session) open(ctx context.Context, by func(context.Context, io.Writer) (*auto.Stack, engine.State, error)) error {
	if err := s.pack.install(); err != nil {
		return err
	}
	var err error
	if s.opened, s.state, err = by(ctx, s.err); err != nil {
		return err
	}
	if err := errors.Join(s.checkRemains(ctx, s.client, s.state), s.checkVolumes(ctx, s.client, s.state, s.want)); err != nil {
		return err
	}
	s.opened, err = s.openAdopted(ctx, s.opened, s.state, s.console)
	return err
}
