package main

import (
	"context"
	"fmt"
	"io"
	"path/filepath"

	"github.com/pulumi/pulumi/sdk/v3/go/auto"

	"github.com/daprstack/daprstack/config"
	"github.com/daprstack/daprstack/internal/engine"
	"github.com/daprstack/daprstack/stacks"
)

// parallel is how many resources the engine works on at once. Its default, four
// times the cores, leaves the few that everything waits for in a queue.
const parallel = 32

// open opens the stack on the engine. A checkout builds the tools that are missing
// first.
func (t *target) open(ctx context.Context, stderr io.Writer) (*auto.Stack, error) {
	tools, err := toolsOf(t.folder, stderr)
	if err != nil {
		return nil, err
	}
	if t.isLocal() {
		chart, err := tools.chart(ctx)
		if err != nil {
			return nil, err
		}
		if err := t.setChart(chart); err != nil {
			return nil, err
		}
		if err := t.setRedis(); err != nil {
			return nil, err
		}
	}
	programs, err := tools.engine(ctx)
	if err != nil {
		return nil, err
	}
	dir, err := t.dir()
	if err != nil {
		return nil, err
	}
	return engine.Open(ctx, engine.Options{
		Project: t.project, Stack: t.stack, Settings: t.settings, Program: stacks.ProgramIn(filepath.Dir(t.file)),
		Tools: programs, Dir: dir, Kubeconfig: t.kubeconfig,
	})
}

// inspect opens the stack and returns what its state tells. It fails when the stack is
// deployed elsewhere.
func (t *target) inspect(ctx context.Context, stderr io.Writer) (*auto.Stack, engine.State, error) {
	stack, err := t.open(ctx, stderr)
	if err != nil {
		return nil, engine.State{}, err
	}
	state, err := engine.Inspect(ctx, stack)
	if err != nil {
		return nil, state, err
	}
	want, err := t.load()
	if err != nil {
		return nil, state, err
	}
	return stack, state, t.checkPlace(state, want.Namespace)
}

// resume opens the stack and repairs what an interrupted run left, so that the next
// one goes on from there. It returns the state as that run left it.
func (t *target) resume(ctx context.Context, stderr io.Writer) (*auto.Stack, engine.State, error) {
	dir, err := t.dir()
	if err != nil {
		return nil, engine.State{}, err
	}
	released, err := engine.Release(ctx, dir, t.stack)
	if err != nil {
		return nil, engine.State{}, err
	}
	stack, state, err := t.inspect(ctx, stderr)
	if err != nil {
		return nil, state, err
	}
	if !released && !state.Pending {
		return stack, state, nil
	}
	fmt.Fprintln(stderr, "The last run was interrupted; continuing from what it left.")
	return stack, state, engine.Recover(ctx, stack)
}

// checkPlace refuses to move a stack to another context or namespace: the engine would
// replace every object, and delete those where the stack is, with their data. It may
// also be another stack of the same name, of another folder.
func (t *target) checkPlace(state engine.State, namespace string) error {
	switch {
	case state.Context != "" && state.Context != t.context:
		return fmt.Errorf("stack %s is deployed on context %q, not %q: destroy it there first (daprstack destroy -s %s --context %s), or use a stack of another name",
			t.stack, state.Context, t.context, t.stack, state.Context)
	case state.Namespace != "" && namespace != "" && state.Namespace != namespace:
		return fmt.Errorf("stack %s of project %s is deployed in namespace %q, not %q: use a stack of another name, or a Pulumi.yaml with a name of its own beside the stack file; "+
			"to move the stack, destroy it there first (daprstack destroy -s %s -c namespace=%s)", t.stack, t.project.Name, state.Namespace, namespace, t.stack, state.Namespace)
	}
	return nil
}

// printProblems prints the problems of a stack file as JSON when format asks for
// it, and returns the error that remains to be told.
func printProblems(w io.Writer, format, stack string, err error) error {
	if format != "json" {
		return err
	}
	problems, ok := config.JSON(err)
	if !ok {
		return err
	}
	if _, err := fmt.Fprintln(w, string(problems)); err != nil {
		return err
	}
	return fmt.Errorf("stack file of %s is not valid", stack)
}
