package provisioner

import (
	"errors"
	"fmt"
	"path/filepath"

	"github.com/spf13/cobra"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/clientcmd"
	"k8s.io/klog/v2"
	"sigs.k8s.io/sig-storage-lib-external-provisioner/v10/controller"
)

// NewCommand returns the program storage-provisioner, which serves the claims
// of the storage classes that name it.
func NewCommand() *cobra.Command {
	var kubeconfig, name, node, root string
	cmd := &cobra.Command{
		Use:           "storage-provisioner",
		Short:         "Make a directory of this node for each persistent volume claim",
		Args:          cobra.NoArgs,
		SilenceUsage:  true,
		SilenceErrors: true, // cli.Run prints it
		RunE: func(cmd *cobra.Command, _ []string) error {
			if !filepath.IsAbs(root) || root == "/" {
				return fmt.Errorf("--root %q: give the absolute path of a directory that holds nothing but volumes", root)
			}
			if name == "" || node == "" {
				return errors.New("--name and --node are required")
			}
			config, err := clientcmd.BuildConfigFromFlags("", kubeconfig)
			if err != nil {
				return fmt.Errorf("reading --kubeconfig %q: %w", kubeconfig, err)
			}
			client, err := kubernetes.NewForConfig(config)
			if err != nil {
				return fmt.Errorf("making the API client: %w", err)
			}
			controller.NewProvisionController(klog.FromContext(cmd.Context()), client, name,
				directories{root: root, node: node},
				controller.LeaderElection(false), // there is one of it
			).Run(cmd.Context())
			return nil
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&kubeconfig, "kubeconfig", "", "how to reach the API server")
	flags.StringVar(&name, "name", "", "the provisioner that storage classes name")
	flags.StringVar(&node, "node", "", "this node's kubernetes.io/hostname")
	flags.StringVar(&root, "root", "", "where the volumes are kept")
	return cmd
}
