//go:build linux

package local

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
)

// debianPackage is a package that provides some of the node's programs.
type debianPackage struct {
	name string
	// programs are the ones that the node needs, by absolute path or by name. A
	// name may be found anywhere in programDirs, whoever installed it.
	programs []string
	// service is the systemd service that its installation enables, and that
	// must not run on our account.
	service string
}

var packages = []debianPackage{
	{name: "nftables", programs: []string{"nft"}}, // kube-proxy runs it too
	{name: "runc", programs: []string{"runc"}},
	{name: "containerd", programs: []string{"containerd", "containerd-shim-runc-v2", "ctr"}, service: "containerd.service"},
	{name: "containernetworking-plugins", programs: []string{"/usr/lib/cni/ptp", "/usr/lib/cni/host-local", "/usr/lib/cni/loopback"}},
}

// missing returns the packages that lack a program.
func missing(packages []debianPackage, has func(program string) bool) []debianPackage {
	return slices.DeleteFunc(slices.Clone(packages), func(p debianPackage) bool {
		return !slices.ContainsFunc(p.programs, func(program string) bool { return !has(program) })
	})
}

// installPackages installs the missing packages and reports their names.
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
		return refusal([]string{"programs are missing, and there is no apt-get to install them: install what Debian packages as " + list})
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
		return step.Fail(refusal([]string{fmt.Sprintf("the Debian package %s does not contain all of %s", left[0].name, strings.Join(left[0].programs, ", "))}))
	}
	step.Done()
	return nil
}

// aptInstall installs packages without starting the services that they contain.
func aptInstall(ctx context.Context, names []string) (err error) {
	if err := servicePolicy.hold(); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, servicePolicy.restore()) }()
	install := append([]string{"install", "--yes", "--no-install-recommends"}, names...)
	if err = aptGet(ctx, install...); err == nil {
		return nil
	}
	// The package lists may be old or missing.
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

// policy is the program that Debian asks whether it may start a service while
// installing its package.
type policy struct{ file string }

var servicePolicy = policy{"/usr/sbin/policy-rc.d"}

const policyText = "#!/bin/sh\n# daprstack: no service starts while its packages are installed\nexit 101\n"

// saved returns where hold keeps the policy that was there before.
func (p policy) saved() string { return p.file + ".daprstack-saved" }

// hold keeps packages from starting services until restore is called.
func (p policy) hold() error {
	if err := os.Rename(p.file, p.saved()); err != nil && !errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("putting %s aside: %w", p.file, err)
	}
	if err := os.WriteFile(p.file, []byte(policyText), 0o755); err != nil {
		return fmt.Errorf("keeping services from starting: %w", err)
	}
	return nil
}

// restore undoes hold, even that of a process that was killed.
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

// disableService keeps a service that has just been installed from starting at
// boot.
func disableService(ctx context.Context, service string) error {
	if !hasProgram("systemctl") {
		return nil // nothing has enabled it
	}
	if _, err := run(ctx, "", "systemctl", "disable", service); err != nil {
		return fmt.Errorf("keeping %s from starting at boot: %w", service, err)
	}
	return nil
}
