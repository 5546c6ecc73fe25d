package toolchain

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// attempts is how often a build is tried when its downloads fail.
const attempts = 3

// buildFlags returns the flags of a tool's build. They are the same for every tool
// where possible, so that packages shared by tools are compiled once.
func buildFlags(t tool) []string {
	return []string{
		"-trimpath", "-buildvcs=false",
		"-gcflags=all=-dwarf=false", "-ldflags=-s -w " + t.ldflags, "-tags=" + t.tags,
	}
}

// build compiles a tool into the file out. Modules come from the Go module proxy;
// their checksums are verified against go.sum, which no build may change.
func (tc *Toolchain) build(ctx context.Context, t tool, dir, out string) error {
	step := tc.report.Start("building %s", t)
	args := append([]string{"build", "-mod=readonly", "-o", out}, buildFlags(t)...)
	args = append(args, t.pkg)
	for attempt := 1; ; attempt++ {
		var output bytes.Buffer
		cmd := exec.CommandContext(ctx, "go", args...)
		cmd.Dir = dir
		cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOFLAGS=", "GOWORK=off")
		cmd.Stdout, cmd.Stderr = &output, &output
		// A process group of its own, so that the compilers that go starts end
		// together with it.
		cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
		cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGTERM) }
		cmd.WaitDelay = 10 * time.Second

		err := cmd.Run()
		if err == nil {
			step.Done()
			return nil
		}
		if ctx.Err() != nil {
			return step.Fail(fmt.Errorf("building %s: interrupted; run it again to continue", t))
		}
		if attempt == attempts || !downloadFailed(output.String()) {
			return step.Fail(fmt.Errorf("building %s in %s: %w\n%s", t, relative(tc.checkout, dir), err, lastLines(output.String(), 20)))
		}
		step.Waiting("for a download, attempt %d of %d", attempt+1, attempts)
	}
}

// downloadFailed reports whether a build failed because it could not get its modules,
// so that another try may help, and not because it does not compile.
func downloadFailed(output string) bool {
	for _, sign := range []string{"reading http", "server response:", "i/o timeout", "connection reset", "unexpected EOF", "Get \"http"} {
		if strings.Contains(output, sign) {
			return true
		}
	}
	return false
}

func relative(base, path string) string {
	if r, err := filepath.Rel(base, path); err == nil {
		return r
	}
	return path
}

func lastLines(text string, n int) string {
	lines := strings.Split(strings.TrimRight(text, "\n"), "\n")
	return strings.Join(lines[max(0, len(lines)-n):], "\n")
}
