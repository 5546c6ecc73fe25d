package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/auto"
	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/daprstack/daprstack/internal/cluster"
	"github.com/daprstack/daprstack/internal/display"
)

// displayOptions say how to show what the engine does.
type displayOptions struct{ verbose bool }

func (o *displayOptions) registerVerbose(cmd *cobra.Command) {
	cmd.Flags().BoolVarP(&o.verbose, "verbose", "v", false, "show the engine's own output, object by object")
}

// run shows one run of the engine.
type run struct {
	*display.Display
	out, err io.Writer
	raw      bytes.Buffer // what the engine writes on its own when nobody watches it
}

// show begins to show a run of the engine on the console. Whoever calls it calls
// Close.
func (o *displayOptions) show(ctx context.Context, c console, client *cluster.Client, namespace string) *run {
	r := &run{}
	if o.verbose {
		r.out, r.err = c.out, c.err
		r.Display = display.New(ctx, display.Options{Out: io.Discard})
		return r
	}
	r.out, r.err = io.Discard, &r.raw
	r.Display = display.New(ctx, display.Options{
		Out: c.err, Size: terminalSize(c.err),
		Diagnose: func(ctx context.Context, app string) string {
			found, err := client.Diagnose(ctx, namespace, app)
			if err != nil {
				return "" // the engine waits all the same
			}
			return found
		},
	})
	return r
}

// terminalSize returns a function for the size of the terminal that w is, nil if it
// is none.
func terminalSize(w io.Writer) func() (width, height int) {
	f, ok := w.(*os.File)
	if !ok || !term.IsTerminal(int(f.Fd())) || os.Getenv("TERM") == "dumb" {
		return nil
	}
	return func() (int, int) {
		width, height, err := term.GetSize(int(f.Fd()))
		if err != nil || width == 0 || height == 0 {
			return 80, 24
		}
		return width, height
	}
}

// warn prints the warnings of the run and what the program says, unless the engine
// has shown them itself.
func (r *run) warn(w io.Writer) {
	if r.out != io.Discard {
		return
	}
	for _, warning := range r.Warnings() {
		fmt.Fprintln(w, "warning:", warning)
	}
	for _, note := range r.Notes() {
		fmt.Fprintln(w, "note:", note)
	}
}

// fail returns the error of a run that failed: what the engine reported, and what to
// do next. What says of which command it is, and what became of it.
func (r *run) fail(ctx context.Context, what, stack string, err error) error {
	command, _, _ := strings.Cut(what, " ")
	switch {
	case ctx.Err() != nil:
		return fmt.Errorf("%s was interrupted; run it again to continue", command)
	case auto.IsConcurrentUpdateError(err):
		return fmt.Errorf("%s: another update of stack %s is in progress; wait for it to end", command, stack)
	}
	problems := r.Problems()
	if len(problems) == 0 {
		problems = []string{strings.TrimSpace(r.raw.String())}
	}
	said := strings.ReplaceAll(strings.Join(problems, "\n"), "\n", "\n  ")
	return fmt.Errorf("%s:\n  %s\n%s", what, said, nextStep(said, command, stack))
}

// nextStep says what to do about problems of the engine.
func nextStep(problems, command, stack string) string {
	for _, sign := range []string{"no matches for kind", "could not find the requested resource", "the server doesn't have a resource type"} {
		if strings.Contains(problems, sign) {
			return fmt.Sprintf("The cluster lacks something that the state knows: run daprstack refresh -s %s, then %s again", stack, command)
		}
	}
	return fmt.Sprintf("Correct that and run daprstack %s -s %s again to continue", command, stack)
}
