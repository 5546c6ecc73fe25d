//go:build linux

package local

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"syscall"
	"time"
)

const (
	// endTimeout limits how long the kernel may take to end the node's processes.
	endTimeout = 30 * time.Second
	// reapTimeout limits how long a supervisor that has ended may stay a zombie.
	reapTimeout = 2 * time.Second
)

// Down removes the node and its data: all of its processes, mounts, interfaces,
// rules and files, but not the tools' cache and the Debian packages, and nothing
// that is not the node's. It fails if anything is left. Without a node it does
// nothing.
func Down(ctx context.Context, o Options) error {
	o = o.withDefaults()
	l := o.layout()
	if m := thisMachine(); m.uid != 0 {
		return errors.New("only root can remove the local node, on the Linux machine that it runs on: run this as root there")
	}
	release, err := takeLock(ctx, l)
	if err != nil {
		return err
	}
	defer release()

	step := o.Report.Start("removing the local node")
	removed, err := remove(ctx, l)
	if err != nil {
		return step.Fail(fmt.Errorf("removing the local node: %w; run `daprstack local down` again", err))
	}
	step.Done()
	if len(removed) == 0 {
		o.Report.Say("there is no local node: nothing to remove")
		return nil
	}
	for _, what := range removed {
		o.Report.Say("removed %s", what)
	}
	o.Report.Say("nothing of the local node is left but the tools' cache and the Debian packages")
	return nil
}

// remove ends the node, removes everything that is the node's, checks that
// nothing is left and returns what it removed.
func remove(ctx context.Context, l layout) ([]string, error) {
	var id identity
	_ = readJSON(l.supervisor(), &id) // there may never have been one
	removed, err := stop(ctx, l)
	if err != nil {
		return removed, err
	}
	if err := servicePolicy.restore(); err != nil {
		return removed, err
	}
	if exists(l.root) {
		removed = append(removed, l.root)
	}
	if entries, err := os.ReadDir(l.run); err == nil && len(entries) > 1 { // more than this Down's lock
		removed = append(removed, l.run)
	}
	for _, dir := range []string{l.root, l.run} { // the lock goes last
		if err := removeDir(dir); err != nil {
			return removed, err
		}
	}
	return removed, verifyGone(ctx, l, id)
}

// removeDir removes a directory. It only empties a mount point, because the mount
// is somebody else's.
func removeDir(dir string) error {
	err := os.RemoveAll(dir)
	if entries, readErr := os.ReadDir(dir); errors.Is(err, syscall.EBUSY) && readErr == nil && len(entries) == 0 {
		return nil
	}
	if err != nil {
		return fmt.Errorf("removing %s: %w", dir, err)
	}
	return nil
}

// stop ends the node, clears what it leaves outside its directories and returns
// what there was.
func stop(ctx context.Context, l layout) ([]string, error) {
	var removed []string
	if id, running := runningNode(l); running {
		inside, err := members(id.Namespace)
		if err != nil {
			return nil, fmt.Errorf("listing the node's processes: %w", err)
		}
		if err := end(ctx, id); err != nil {
			return nil, err
		}
		removed = append(removed,
			fmt.Sprintf("%d processes, and all pods with their mounts and networks", len(inside)),
			"network interface "+hostVeth) // the kernel removes it with its other end
	}
	remains, err := clearRemains(ctx, l)
	return append(removed, remains...), err
}

// end kills the supervisor and waits until it has ended. The kernel kills every
// process of its namespace with it, and lets it end only after all of them.
func end(ctx context.Context, id identity) error {
	if err := syscall.Kill(id.PID, syscall.SIGKILL); err != nil && !errors.Is(err, syscall.ESRCH) {
		return fmt.Errorf("ending the supervisor (process %d): %w", id.PID, err)
	}
	wait, cancel := context.WithTimeout(ctx, endTimeout)
	defer cancel()
	err := poll(wait, func(context.Context) error {
		if id.alive() {
			return fmt.Errorf("the node's processes (supervisor %d) have not ended yet", id.PID)
		}
		return nil
	})
	if err != nil {
		return err
	}
	// Reaping it is up to this machine's process 1, which may not do it.
	wait, cancel = context.WithTimeout(ctx, reapTimeout)
	defer cancel()
	_ = poll(wait, func(context.Context) error {
		if syscall.Kill(id.PID, 0) == nil {
			return errors.New("it is a zombie")
		}
		return nil
	})
	return ctx.Err()
}

// clearRemains removes what a node that has ended leaves outside its directories,
// and its socket and states. It returns what it removed.
func clearRemains(ctx context.Context, l layout) ([]string, error) {
	var id identity
	known := readJSON(l.supervisor(), &id) == nil
	var removed []string
	var errs []error
	if known { // without a record an interface of that name is not ours
		errs = append(errs, disconnect())
	}
	closed, err := closeOutside(ctx, l)
	removed = append(removed, closed...)
	errs = append(errs, err)
	groups, err := removeCgroups(ctx, l.cgroup())
	if groups > 0 {
		removed = append(removed, fmt.Sprintf("%d control groups", groups))
	}
	errs = append(errs, err)
	for _, path := range []string{l.supervisor(), l.states(), l.containerdSock(), l.containerdSock() + ".ttrpc", l.forwarding()} {
		if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
			errs = append(errs, err)
		}
	}
	return removed, errors.Join(errs...)
}

// verifyGone returns an error that names everything that is left of the node.
func verifyGone(ctx context.Context, l layout, id identity) error {
	var left []string
	if id.Namespace != "" {
		inside, err := members(id.Namespace)
		if err != nil {
			return err
		}
		for _, pid := range inside {
			left = append(left, fmt.Sprintf("process %d", pid))
		}
	}
	if linkExists(hostVeth) {
		left = append(left, "network interface "+hostVeth)
	}
	if hasProgram("nft") && tableExists(ctx) {
		left = append(left, "nftables table "+table)
	}
	groups, err := cgroupDirs(cgroupMount, l.cgroup())
	if err != nil {
		return err
	}
	left = append(left, groups...)
	mounts, err := os.ReadFile("/proc/self/mountinfo")
	if err != nil {
		return err
	}
	left = append(left, mountsUnder(string(mounts), l.root, l.run)...)
	for _, dir := range []string{l.root, l.run} {
		if entries, err := os.ReadDir(dir); err == nil && len(entries) > 0 {
			left = append(left, dir)
		}
	}
	if len(left) > 0 {
		return fmt.Errorf("left behind: %s", strings.Join(left, ", "))
	}
	return nil
}

// mountsUnder returns the mounts below the directories. Unlike procfs it does not
// fail on a mount whose options it cannot parse, which is somebody else's.
func mountsUnder(mountinfo string, dirs ...string) []string {
	var found []string
	for line := range strings.Lines(mountinfo) {
		fields := strings.Fields(line)
		if len(fields) < 5 {
			continue
		}
		for _, dir := range dirs {
			if strings.HasPrefix(fields[4], dir+"/") {
				found = append(found, "mount "+fields[4])
			}
		}
	}
	return found
}
