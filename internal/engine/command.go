package engine

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"os/exec"
	"slices"
	"syscall"
	"time"

	"github.com/blang/semver"
	"github.com/pulumi/pulumi/sdk/v3/go/auto"

	"github.com/daprstack/daprstack/toolchain"
)

const (
	// gracePeriod is how long an interrupted engine may take to finish its work
	// before it is told to stop at once. Some work can't be cancelled, such as the
	// provider's attempts to create an object whose kind is not known yet;
	// [Recover] later looks up what became of it.
	gracePeriod = 10 * time.Second
	// lastResort is how long after the interrupt the engine is killed.
	lastResort = gracePeriod + 10*time.Second
)

// command runs the Pulumi CLI in a process group of its own, so that a Ctrl-C
// reaches it once, forwarded by us, and cancels the update. The Automation API's own
// command forwards it in addition to the terminal's, and a second one makes the CLI
// give up at once.
type command struct {
	path    string
	version semver.Version
	// exported is the state of the stack as it was when the stack was opened, until
	// [Inspect] has read it. Secrets are encrypted.
	exported *string
}

// newCommand returns the command of a CLI, which has the pinned version or a later one
// that does the same.
func newCommand(path string) auto.PulumiCommand {
	return command{path: path, version: semver.MustParse(toolchain.PulumiVersion), exported: new(string)}
}

// Version returns the version of the CLI.
func (c command) Version() semver.Version { return c.version }

// summary is what a context has under it when nobody reads the outputs and the
// history that the Automation API asks the CLI for after an update, in three
// processes of their own.
type summary struct{}

func withoutSummary(ctx context.Context) context.Context {
	return context.WithValue(ctx, summary{}, map[string]string{"output": "{}", "history": "[]"})
}

// Run runs the CLI and returns its output and its exit code.
func (c command) Run(ctx context.Context, workdir string, stdin io.Reader,
	stdouts, stderrs []io.Writer, env []string, args ...string,
) (string, string, int, error) {
	if answers, ok := ctx.Value(summary{}).(map[string]string); ok && args[0] == "stack" {
		if answer, known := answers[args[1]]; known {
			return answer, "", 0, nil
		}
	}
	selecting := args[0] == "stack" && args[1] == "select"
	if selecting {
		// Every command names the stack, so none has to be selected. Its state is read
		// next anyway, and tells as well whether there is one.
		args = append([]string{"stack", "export"}, args[2:]...)
	}
	if !slices.Contains(args, "--non-interactive") {
		args = append(args, "--non-interactive")
	}
	var stdout, stderr bytes.Buffer
	cmd := exec.CommandContext(ctx, c.path, args...)
	cmd.Dir = workdir
	cmd.Env = append(append(os.Environ(), env...), "PULUMI_AUTOMATION_API=true")
	cmd.Stdin = stdin
	cmd.Stdout = io.MultiWriter(append(stdouts, &stdout)...)
	cmd.Stderr = io.MultiWriter(append(stderrs, &stderr)...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error {
		// The second interrupt ends the CLI at once, together with its plugins.
		time.AfterFunc(gracePeriod, func() { _ = cmd.Process.Signal(os.Interrupt) })
		return cmd.Process.Signal(os.Interrupt)
	}
	cmd.WaitDelay = lastResort

	err := cmd.Run()
	if selecting {
		*c.exported = stdout.String()
	}
	code := -1
	var exit *exec.ExitError
	switch {
	case err == nil:
		code = 0
	case errors.As(err, &exit):
		code = exit.ExitCode()
	}
	return stdout.String(), stderr.String(), code, err
}
