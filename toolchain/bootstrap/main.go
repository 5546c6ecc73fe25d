// Command bootstrap builds the driver, and the tools that it will want, into
// the cache, two at a time. It needs nothing but Go, and is what make runs
// first:
//
//	go run ./toolchain/bootstrap [driver|engine|all]
//
// driver builds the driver alone, engine also the policy pack, Pulumi and its
// providers, all (the default) also what the local node consists of.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"slices"
	"syscall"

	"github.com/daprstack/daprstack/internal/progress"
	"github.com/daprstack/daprstack/toolchain"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, os.Args[1:])
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "bootstrap:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string) error {
	ours := []string{toolchain.Driver, toolchain.Policy}
	sets := map[string][]string{
		"driver": {toolchain.Driver},
		"engine": slices.Concat(toolchain.Engine, ours),
		"all":    slices.Concat(toolchain.Engine, toolchain.Cluster, ours),
	}
	set := "all"
	if len(args) > 0 {
		set = args[0]
	}
	names, ok := sets[set]
	if !ok || len(args) > 1 {
		return fmt.Errorf("%q is not one of driver, engine, all", args)
	}
	checkout, err := os.Getwd()
	if err != nil {
		return err
	}
	tc, err := toolchain.New(checkout, progress.New(os.Stderr))
	if err != nil {
		return err
	}
	_, err = tc.Ensure(ctx, names...)
	return err
}
