package main

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"k8s.io/client-go/discovery"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"

	"github.com/daprstack/daprstack/config"
	"github.com/daprstack/daprstack/internal/cluster"
	"github.com/daprstack/daprstack/local"
)

// reachTimeout is how long the API server may take to answer.
const reachTimeout = 10 * time.Second

func kubeconfigPath(flag string, isLocal bool) string {
	switch env := os.Getenv("KUBECONFIG"); {
	case flag != "":
		return flag
	case isLocal:
		return local.Kubeconfig()
	case env != "":
		return env
	default:
		return clientcmd.RecommendedHomeFile
	}
}

// reachable returns the target that the options name. It fails, before anything is
// built or changed, when the stack file is not valid or the cluster does not answer.
func reachable(ctx context.Context, o stackOptions) (*target, *config.Stack, error) {
	t, err := findTarget(o)
	if err != nil {
		return nil, nil, err
	}
	stack, err := t.load()
	if err != nil {
		return nil, nil, err
	}
	if t.isLocal() {
		from, err := toolsOf(t.folder, io.Discard)
		if err == nil {
			err = from.local()
		}
		if err != nil {
			return nil, nil, err
		}
	}
	t.adopted = stack.Adopt
	return t, stack, t.reach(ctx)
}

// reach checks that the API server of the target answers. Its error tells what to
// do.
func (t *target) reach(ctx context.Context) error {
	access, err := t.clientConfig()
	if err != nil {
		return err
	}
	client, err := discovery.NewDiscoveryClientForConfig(access)
	if err != nil {
		return fmt.Errorf("context %q: %w", t.context, err)
	}
	if _, err := client.RESTClient().Get().AbsPath("/version").DoRaw(ctx); err != nil {
		hint := "check the cluster and your credentials with: kubectl --context " + t.context + " version"
		if t.isLocal() {
			hint = "see: daprstack local status"
		}
		return fmt.Errorf("the cluster of context %q can't be used: %w; %s", t.context, err, hint)
	}
	return nil
}

// client returns a client of the target's cluster.
func (t *target) client() (*cluster.Client, error) {
	access, err := t.clientConfig()
	if err != nil {
		return nil, err
	}
	return cluster.New(access)
}

// clientConfig returns the settings of the target's context in the kubeconfig.
func (t *target) clientConfig() (*rest.Config, error) {
	rules := &clientcmd.ClientConfigLoadingRules{Precedence: filepath.SplitList(t.kubeconfig)}
	loaded, err := rules.Load()
	if err != nil {
		return nil, fmt.Errorf("reading kubeconfig %s: %w", t.kubeconfig, err)
	}
	if _, ok := loaded.Contexts[t.context]; !ok {
		if t.isLocal() {
			return nil, fmt.Errorf("context %q: the local node is not up; run: daprstack local up", t.context)
		}
		known := strings.Join(slices.Sorted(maps.Keys(loaded.Contexts)), ", ")
		return nil, fmt.Errorf("context %q is not in kubeconfig %s, which has: %s", t.context, t.kubeconfig, cmp.Or(known, "none"))
	}
	access, err := clientcmd.NewDefaultClientConfig(*loaded, &clientcmd.ConfigOverrides{CurrentContext: t.context}).ClientConfig()
	if err != nil {
		return nil, fmt.Errorf("context %q: %w", t.context, err)
	}
	access.Timeout = reachTimeout
	return access, nil
}
