package main

import (
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"github.com/daprstack/daprstack/internal/progress"
	"github.com/daprstack/daprstack/local"
	"github.com/daprstack/daprstack/local/images"
	"github.com/daprstack/daprstack/toolchain"
)

// daprRegistry is the registry in the names of Dapr's images, as its chart has
// it.
const daprRegistry = "ghcr.io/dapr"

func newLocalCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "local",
		Short: "The local node: one real Kubernetes node on this machine (root, Linux)",
	}
	cmd.AddCommand(
		newLocalUpCommand(), newLocalDownCommand(), newLocalStatusCommand(), newLocalLoadCommand(),
		newLocalKubeconfigCommand(), newLocalLogsCommand(), newLocalSuperviseCommand(),
	)
	return cmd
}

func newLocalUpCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "up",
		Short: "Start the node, or find it running, with the images of the dev stack loaded",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			report := progress.New(cmd.ErrOrStderr())
			checkout, err := findCheckout()
			if err != nil {
				return err
			}
			tc, err := toolchain.New(checkout, report)
			if err != nil {
				return err
			}
			tools, err := tc.Ensure(cmd.Context(), toolchain.Cluster...)
			if err != nil {
				return err
			}
			cache, err := toolchain.CacheDir()
			if err != nil {
				return err
			}
			return local.Up(cmd.Context(), local.Options{Report: report, Tools: tools, Images: localImages(tools, cache)})
		},
	}
}

// localImages are the images that the dev stack runs, under the names that its
// manifests use.
func localImages(tools map[string]string, cache string) []images.Image {
	list := images.Dapr(daprRegistry, toolchain.DaprVersion, tools[toolchain.Dapr])
	list = append(list, images.Redis("docker.io/library/redis:7.0.15", cache))
	for _, app := range []string{toolchain.Frontend, toolchain.Backend, toolchain.Activity} {
		list = append(list, images.App("localhost/"+app+":dev", tools[app]))
	}
	return list
}

func newLocalLoadCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "load <archive>...",
		Short: "Give the node images of your own, from archives as docker save or ko build --tarball write them",
		Args:  cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, archives []string) error {
			return local.Load(cmd.Context(), local.Options{Report: progress.New(cmd.ErrOrStderr())}, archives...)
		},
	}
}

func newLocalDownCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "down",
		Short: "Remove the node with everything on it; the cache of built tools stays",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return local.Down(cmd.Context(), local.Options{Report: progress.New(cmd.ErrOrStderr())})
		},
	}
}

func newLocalStatusCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "status",
		Short: "Say whether the node runs, and each of its programs",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			state, err := local.Status(cmd.Context(), local.Options{})
			if err != nil {
				return err
			}
			fmt.Fprint(cmd.OutOrStdout(), state)
			return nil
		},
	}
}

func newLocalKubeconfigCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "kubeconfig",
		Short: "Print the path of the node's kubeconfig, as for KUBECONFIG=$(daprstack local kubeconfig)",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			_, err := fmt.Fprintln(cmd.OutOrStdout(), local.Kubeconfig())
			return err
		},
	}
}

func newLocalLogsCommand() *cobra.Command {
	var follow bool
	cmd := &cobra.Command{
		Use:   "logs <program>",
		Short: "Print the log of one of the node's programs, as named by local status",
		Args:  cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return local.Logs(cmd.Context(), local.Options{}, cmd.OutOrStdout(), args[0], follow)
		},
	}
	cmd.Flags().BoolVarP(&follow, "follow", "f", false, "go on with what comes")
	return cmd
}

// newLocalSuperviseCommand is how local.Up starts this executable inside the
// node's namespaces.
func newLocalSuperviseCommand() *cobra.Command {
	return &cobra.Command{
		Use:    "supervise <root> <run>",
		Hidden: true,
		Args:   cobra.ExactArgs(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			return local.Supervise(cmd.Context(), local.Options{
				Root: args[0], Run: args[1], Report: progress.New(os.Stderr),
			})
		},
	}
}
