package local

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

// debianPackage is a package that the node's programs come from.
type debianPackage struct {
	name string
	// programs are what is needed of it: absolute paths, or names to be found
	// on the PATH whoever installed them.
	programs []string
	// service is what it would start by itself, and must not on our account.
	service string
}

var packages = []debianPackage{
	{name: "iproute2", programs: []string{"ip"}},
	{name: "nftables", programs: []string{"nft"}},
	{name: "runc", programs: []string{"runc"}},
	{name: "containerd", programs: []string{"containerd", "containerd-shim-runc-v2", "ctr"}, service: "containerd.service"},
	{name: "containernetworking-plugins", programs: []string{"/usr/lib/cni/ptp", "/usr/lib/cni/host-local", "/usr/lib/cni/loopback"}},
}

// missing returns the packages of which a program is not there.
func missing(packages []debianPackage, has func(program string) bool) []debianPackage {
	return slices.DeleteFunc(slices.Clone(packages), func(p debianPackage) bool {
		return !slices.ContainsFunc(p.programs, func(program string) bool { return !has(program) })
	})
}

// programDirs are searched for programs, whatever the caller's PATH: root's may
// lack the sbin directories.
var programDirs = []string{"/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin"}

func hasProgram(name string) bool {
	_, err := findProgram(name)
	return err == nil
}

// findProgram returns the path of a program.
func findProgram(name string) (string, error) {
	if filepath.IsAbs(name) {
		if executable(name) {
			return name, nil
		}
		return "", fmt.Errorf("%s: %w", name, exec.ErrNotFound)
	}
	for _, dir := range programDirs {
		if path := filepath.Join(dir, name); executable(path) {
			return path, nil
		}
	}
	return "", fmt.Errorf("%s: %w", name, exec.ErrNotFound)
}

// executable reports whether path is a program.
func executable(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Mode().IsRegular() && info.Mode()&0o111 != 0
}

// installPackages installs what is missing and says what that is.
func installPackages(ctx context.Context, o Options) error {
	if err := servicePolicy.restore(); err != nil {
		return err
	}
	wanted := missing(packages, hasProgram)
	if len(wanted) == 0 {
		return nil
	}
	var names []string
	for _, p := range wanted {
		names = append(names, p.name)
	}
	list := strings.Join(names, " ")
	if !hasProgram("apt-get") {
		return refusal([]string{"programs are missing, and there is no apt-get to install them: install what Debian has in " + list})
	}
	step := o.Report.Start("installing the Debian packages %s", list)
	if err := aptInstall(ctx, names); err != nil {
		return step.Fail(fmt.Errorf("installing the Debian packages %s: %w\n%s", list, err, WayOut))
	}
	for _, p := range wanted {
		if p.service != "" {
			if err := disableService(ctx, p.service); err != nil {
				return step.Fail(err)
			}
		}
	}
	if left := missing(packages, hasProgram); len(left) > 0 {
		return step.Fail(refusal([]string{fmt.Sprintf("the Debian package %s has not all of %s", left[0].name, strings.Join(left[0].programs, ", "))}))
	}
	step.Done()
	return nil
}

// aptInstall installs packages with the services that come along held back.
func aptInstall(ctx context.Context, names []string) (err error) {
	if err := servicePolicy.hold(); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, servicePolicy.restore()) }()
	install := append([]string{"install", "--yes", "--no-install-recommends"}, names...)
	if err = aptGet(ctx, install...); err == nil {
		return nil
	}
	// The lists may be old, or there may be none yet.
	if err := aptGet(ctx, "update"); err != nil {
		return err
	}
	return aptGet(ctx, install...)
}

func aptGet(ctx context.Context, args ...string) error {
	full := append([]string{"DEBIAN_FRONTEND=noninteractive", "apt-get", "--quiet", "-o", "DPkg::Lock::Timeout=120"}, args...)
	_, err := run(ctx, "", "env", full...)
	return err
}

// policy is the program that Debian asks before it starts a service on
// installation.
type policy struct{ file string }

var servicePolicy = policy{"/usr/sbin/policy-rc.d"}

const policyText = "#!/bin/sh\n# daprstack: no service starts while its packages are installed\nexit 101\n"

// saved is where a policy that was there before waits.
func (p policy) saved() string { return p.file + ".daprstack-saved" }

// hold keeps packages from starting services until restore.
func (p policy) hold() error {
	if err := os.Rename(p.file, p.saved()); err != nil && !errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("putting %s aside: %w", p.file, err)
	}
	if err := os.WriteFile(p.file, []byte(policyText), 0o755); err != nil {
		return fmt.Errorf("keeping services from starting: %w", err)
	}
	return nil
}

// restore undoes hold, also that of a process which was killed.
func (p policy) restore() error {
	if data, err := os.ReadFile(p.file); err == nil && string(data) == policyText {
		if err := os.Remove(p.file); err != nil {
			return fmt.Errorf("removing %s: %w", p.file, err)
		}
	}
	if err := os.Rename(p.saved(), p.file); err != nil && !errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("putting %s back: %w", p.file, err)
	}
	return nil
}

// disableService keeps a service that we have just installed from starting at
// the next boot.
func disableService(ctx context.Context, service string) error {
	if !hasProgram("systemctl") {
		return nil // then nothing enabled it
	}
	if _, err := run(ctx, "", "systemctl", "disable", service); err != nil {
		return fmt.Errorf("keeping %s from starting at boot: %w", service, err)
	}
	return nil
}
