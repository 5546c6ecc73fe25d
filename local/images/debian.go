package images

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/daprstack/daprstack/internal/progress"
)

// fetchPackages downloads Debian packages, along with their dependencies that
// this machine lacks, and unpacks them under root, unless an earlier call has
// done so. apt verifies their signatures as it does when it installs them.
func fetchPackages(ctx context.Context, report *progress.Reporter, root string, names ...string) error {
	if exists(root) {
		return nil
	}
	step := report.Start("downloading the Debian packages %s, for an image", strings.Join(names, " "))
	if err := downloadPackages(ctx, root, names); err != nil {
		return step.Fail(fmt.Errorf("downloading the Debian packages %s: %w", strings.Join(names, " "), err))
	}
	step.Done()
	return nil
}

// downloadPackages makes root complete or not at all.
func downloadPackages(ctx context.Context, root string, names []string) error {
	partial := root + ".partial"
	if err := os.RemoveAll(partial); err != nil {
		return err
	}
	archives := filepath.Join(partial, "archives")
	if err := os.MkdirAll(filepath.Join(archives, "partial"), 0o755); err != nil {
		return err
	}
	download := append([]string{
		"install", "--download-only", "--reinstall", "--yes", "--no-install-recommends",
		"-o", "Dir::Cache::archives=" + archives, "-o", "APT::Sandbox::User=root",
	}, names...)
	if err := apt(ctx, download...); err != nil {
		// The package lists may be old or missing.
		if err := apt(ctx, "update"); err != nil {
			return err
		}
		if err := apt(ctx, download...); err != nil {
			return err
		}
	}
	packages, err := filepath.Glob(filepath.Join(archives, "*.deb"))
	if err != nil {
		return err
	}
	unpacked := filepath.Join(partial, "root")
	for _, p := range packages {
		if out, err := exec.CommandContext(ctx, "dpkg-deb", "--extract", p, unpacked).CombinedOutput(); err != nil {
			return fmt.Errorf("unpacking %s: %w: %s", filepath.Base(p), err, out)
		}
	}
	if err := os.Rename(unpacked, root); err != nil {
		return err
	}
	return os.RemoveAll(partial)
}

func apt(ctx context.Context, args ...string) error {
	cmd := exec.CommandContext(ctx, "apt-get", append([]string{"--quiet", "-o", "DPkg::Lock::Timeout=120"}, args...)...)
	cmd.Env = append(os.Environ(), "DEBIAN_FRONTEND=noninteractive", "LC_ALL=C")
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("apt-get %s: %w: %s", args[0], err, lastLines(string(out), 5))
	}
	return nil
}

func lastLines(text string, n int) string {
	lines := strings.Split(strings.TrimSpace(text), "\n")
	return strings.Join(lines[max(0, len(lines)-n):], "\n")
}
