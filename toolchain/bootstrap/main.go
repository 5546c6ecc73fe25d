// Command bootstrap builds the driver, and the tools that it will need, two at a
// time. It requires nothing but Go; make runs it first:
//
//	go run ./toolchain/bootstrap [driver|engine|all]
//
// With driver it builds the driver alone, with engine also Pulumi and its providers,
// and with all, the default, also the parts of the local node.
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
	sets := map[string][]string{
		"driver": {toolchain.Driver},
		"engine": append(slices.Clone(toolchain.Engine), toolchain.Driver),
		"all":    slices.Concat(toolchain.Engine, toolchain.Cluster, []string{toolchain.Driver}),
	}
	set := "all"
	if len(args) > 0 {
		set = args[0]
	}
	names, ok := sets[set]
	if !ok || len(args) > 1 {
		return fmt.Errorf("%q: must be one of driver, engine, all", args)
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
