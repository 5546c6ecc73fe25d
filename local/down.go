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
	// endTimeout is how long the kernel may take to end every process of the node.
	endTimeout = 30 * time.Second
	// burialTimeout is how long an ended supervisor may stay in the process list.
	burialTimeout = 2 * time.Second
)

// Down removes the node with its data: every process, mount, interface, rule
// and file but the tools' cache and the Debian packages, and nothing that is
// not the node's. It checks that nothing is left, and is harmless when there is
// no node.
func Down(ctx context.Context, o Options) error {
	o = o.withDefaults()
	l := o.layout()
	if m := thisMachine(); m.os != "linux" || m.uid != 0 {
		return errors.New("removing the local node takes root on the Linux machine that it runs on: run this as root there")
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

// remove ends the node, removes all of it, checks that and says what there was.
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

// removeDir removes a directory; one that is a mount point is only emptied, for
// the mount is somebody else's.
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

// stop ends the node and clears what it leaves outside its directories. It
// says what there was.
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
			"network interface "+cable) // the kernel's doing, once its other end is gone
	}
	remains, err := clearRemains(ctx, l)
	return append(removed, remains...), err
}

// end kills the supervisor. The kernel then kills every process of its
// namespace, and the supervisor is gone only when all of them are.
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
	// It is this machine's process 1 that buries it. If that does not, so be it.
	wait, cancel = context.WithTimeout(ctx, burialTimeout)
	defer cancel()
	_ = poll(wait, func(context.Context) error {
		if start, _, err := processStat(id.PID); err == nil && start == id.Start {
			return errors.New("not buried yet")
		}
		return nil
	})
	return ctx.Err()
}

// clearRemains removes what a node that has ended leaves outside its
// directories, and its socket and states. It says what there was.
func clearRemains(ctx context.Context, l layout) ([]string, error) {
	var id identity
	known := readJSON(l.supervisor(), &id) == nil
	var removed []string
	var errs []error
	if known { // a cable that is there without a record is not ours
		errs = append(errs, disconnect(ctx))
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

// verifyGone looks for anything that is left.
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
	if linkExists(cable) {
		left = append(left, "network interface "+cable)
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

// mountsUnder returns the mount points below the directories.
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
