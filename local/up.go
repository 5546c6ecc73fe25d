//go:build linux

package local

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"time"

	"github.com/daprstack/daprstack/local/images"
	"github.com/daprstack/daprstack/local/supervisor"
	"golang.org/x/sync/errgroup"
)

// Up starts the node unless it runs already, and returns when it is ready: the
// node is Ready, DNS answers, the default storage class exists and the images are
// loaded. It continues from wherever an earlier Up, a crash or a reboot left the
// node, and restarts a node that runs with other programs or settings. The error
// of a machine on which the node cannot run names every reason at once.
func Up(ctx context.Context, o Options) error {
	o = o.withDefaults()
	l := o.layout()
	m := thisMachine()
	if m.uid != 0 {
		return preflight(ctx, m, l)
	}
	release, err := takeLock(ctx, l)
	if err != nil {
		return err
	}
	defer release()

	id, running := runningNode(l)
	if !running {
		// Or preflight would take the remains of a dead node for somebody else's.
		if _, err := clearRemains(ctx, l); err != nil {
			return err
		}
		if err := preflight(ctx, m, l); err != nil {
			return err
		}
	}
	if err := installPackages(ctx, o); err != nil {
		return err
	}
	p, err := prepare(o, l)
	if err != nil {
		return err
	}
	if running {
		if p.runs(l) && reachable(l) {
			o.Report.Say("the local node is running already (since %s)", id.Since.Format(time.DateTime))
			if err := openOutside(ctx, l); err != nil {
				return err
			}
			return becomeReady(ctx, o, l, id.Since)
		}
		o.Report.Say("the local node runs with other programs or settings, or cannot be reached: restarting it with its data")
		if _, err := stop(ctx, l); err != nil {
			return err
		}
	}
	began := time.Now()
	step := o.Report.Start("starting the local node")
	n, err := start(ctx, l, p)
	if err != nil {
		return step.Fail(err)
	}
	step.Done()
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	go func() {
		select {
		case err := <-n.ended:
			cancel(fmt.Errorf("the node's supervisor ended: %w\n%s", err, tail(l.log("supervisor"), 5)))
		case <-ctx.Done():
		}
	}()
	return becomeReady(ctx, o, l, began)
}

// prepare makes the directories and certificates that are missing, and returns
// the node's plan.
func prepare(o Options, l layout) (plan, error) {
	for _, dir := range []string{l.root, l.run, l.etcd(), l.containerd(), l.kubelet(), l.podLogs(), l.volumes(), l.logs(), l.imported(), l.config("cni")} {
		if err := os.MkdirAll(dir, 0o700); err != nil {
			return plan{}, fmt.Errorf("making the node's directories: %w", err)
		}
	}
	dir, err := certify(l)
	if err != nil {
		return plan{}, err
	}
	containerdPath, err := findProgram(containerd)
	if err != nil {
		return plan{}, err
	}
	mtu, err := chooseMTU(l)
	if err != nil {
		return plan{}, err
	}
	return newPlan(o, settings{layout: l, PKI: dir, MTU: mtu}, containerdPath, environment(os.LookupEnv))
}

// chooseMTU returns the MTU of the running node, or else what fits this machine's
// network: a change of that network is no reason to restart a node.
func chooseMTU(l layout) (int, error) {
	if _, running := runningNode(l); running {
		var old plan
		if err := readJSON(l.plan(), &old); err == nil && old.MTU > 0 {
			return old.MTU, nil
		}
	}
	routes, err := readRoutes()
	if err != nil {
		return 0, err
	}
	return outsideMTU(defaultDevices(routes)), nil
}

// runs reports whether the running node was started on this plan. The environment
// is ignored: another shell is no reason to restart a node.
func (p plan) runs(l layout) bool {
	var old plan
	if err := readJSON(l.plan(), &old); err != nil {
		return false
	}
	old.Env = p.Env
	return reflect.DeepEqual(old, p)
}

// reachable reports whether the running node's socket and states are still there:
// somebody may have emptied /run.
func reachable(l layout) bool {
	var states []supervisor.State
	return readJSON(l.states(), &states) == nil && exists(l.containerdSock())
}

// start writes the node's files and starts its supervisor on the plan.
func start(ctx context.Context, l layout, p plan) (*node, error) {
	for name, text := range p.Configs {
		if err := writeFile(l.config(name), []byte(text)); err != nil {
			return nil, err
		}
	}
	resolver, _ := hostResolver()
	if err := writeFile(l.resolvConf(), resolver); err != nil {
		return nil, err
	}
	if err := os.MkdirAll(filepath.Dir(l.containerdSock()), 0o700); err != nil {
		return nil, fmt.Errorf("making the node's directories: %w", err)
	}
	if err := makeCgroups(cgroupMount, l.cgroup()); err != nil {
		return nil, err
	}
	if err := rotateLogs(l); err != nil {
		return nil, err
	}
	if err := writeJSON(l.plan(), p); err != nil {
		return nil, err
	}
	n, err := startSupervisor(l, p.MTU)
	if err != nil {
		return nil, err
	}
	if err := openOutside(ctx, l); err != nil {
		_, stopErr := stop(ctx, l)
		return nil, errors.Join(err, stopErr)
	}
	return n, nil
}

// becomeReady loads the images and waits until the node that was started at began
// is ready.
func becomeReady(ctx context.Context, o Options, l layout, began time.Time) error {
	both, ctx := errgroup.WithContext(ctx)
	both.Go(func() error { return loadImages(ctx, o, l) })
	both.Go(func() error { return waitReady(ctx, o, l, began) })
	if err := both.Wait(); err != nil {
		return err
	}
	o.Report.Say("the local node is ready: context %s of %s", Context, l.kubeconfig())
	return nil
}

// loadImages waits for containerd and loads the images into it.
func loadImages(ctx context.Context, o Options, l layout) error {
	pause, err := o.tool("pause")
	if err != nil {
		return err
	}
	list := append([]images.Image{images.Pause(pauseImage, pause)}, o.Images...)
	ready, cancel := withReadyTimeout(ctx)
	defer cancel()
	if err := poll(ready, dials("unix", l.containerdSock())); err != nil {
		return fmt.Errorf("waiting for containerd: %w%s", err, troubles(l))
	}
	store, err := l.store()
	if err != nil {
		return err
	}
	return store.Load(ctx, o.Report, list)
}
