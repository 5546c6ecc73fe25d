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

// Up brings the node up, or finds it up, and returns when it is ready: node
// Ready, DNS answering, default storage class there, images loaded. It goes on
// from wherever an earlier Up, a crash or a reboot left the node.
func Up(ctx context.Context, o Options) error {
	o = o.withDefaults()
	l := o.layout()
	m := thisMachine()
	if m.os != "linux" || m.uid != 0 {
		return preflight(ctx, m, l)
	}
	release, err := takeLock(ctx, l)
	if err != nil {
		return err
	}
	defer release()

	id, running := runningNode(l)
	if !running {
		// What a dead node left must not look like somebody else's.
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
	p, err := prepare(ctx, o, l)
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
		o.Report.Say("the local node runs with other programs or settings, or out of reach: restarting it, with its data")
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

// prepare makes the directories, certificates and plan that are missing.
func prepare(ctx context.Context, o Options, l layout) (plan, error) {
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
	mtu, err := chooseMTU(ctx, l)
	if err != nil {
		return plan{}, err
	}
	return newPlan(o, settings{layout: l, PKI: dir, MTU: mtu}, containerdPath, environment(os.LookupEnv))
}

// chooseMTU keeps to what a running node has: a change of network is no reason
// to restart it.
func chooseMTU(ctx context.Context, l layout) (int, error) {
	if _, running := runningNode(l); running {
		var old plan
		if err := readJSON(l.plan(), &old); err == nil && old.MTU > 0 {
			return old.MTU, nil
		}
	}
	routes, err := readRoutes(ctx)
	if err != nil {
		return 0, err
	}
	return outsideMTU(defaultDevices(routes)), nil
}

// runs reports whether the running node was started by this very plan. The
// environment does not count: another shell is no reason to restart a node.
func (p plan) runs(l layout) bool {
	var old plan
	if err := readJSON(l.plan(), &old); err != nil {
		return false
	}
	old.Env = p.Env
	return reflect.DeepEqual(old, p)
}

// reachable reports whether the running node's sockets and states are where
// they were put: somebody may have emptied /run.
func reachable(l layout) bool {
	var states []supervisor.State
	return readJSON(l.states(), &states) == nil && exists(l.containerdSock())
}

// start starts the supervisor on the plan.
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
	n, err := startSupervisor(ctx, l, p.MTU)
	if err != nil {
		return nil, err
	}
	if err := openOutside(ctx, l); err != nil {
		_, stopErr := stop(ctx, l)
		return nil, errors.Join(err, stopErr)
	}
	return n, nil
}

// becomeReady waits until the node that started at began is ready.
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

// loadImages imports the images once containerd serves.
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
