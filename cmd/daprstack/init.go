package main

import (
	"bufio"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"
	"k8s.io/client-go/tools/clientcmd"
	"sigs.k8s.io/yaml"

	"github.com/daprstack/daprstack/internal/stackfile"
)

// initOptions are the options of daprstack init.
type initOptions struct {
	console
	stack      string
	context    string
	namespace  string
	app        string
	image      string
	port       int
	kubeconfig string
	fromOptions
}

func newInitCommand(runF func(context.Context, *initOptions) error) *cobra.Command {
	o := &initOptions{}
	cmd := &cobra.Command{
		Use:   "init",
		Short: "Write the smallest stack file that runs an image of yours",
		Long: `Write the smallest stack file that runs an image of yours with a Dapr sidecar:
Pulumi.<stack>.yaml in this folder. What is not given as a flag is asked for. Nothing
else is written, no file is overwritten, and no cluster is contacted.

With --from, the stack file is written from what is there already: Deployments with a
sidecar, their Services, and the objects of Dapr, in manifests or in one namespace of a
cluster, which is only read. What cannot be taken over is said, and stands in the file
as comments, and so is what the stack would change.`,
		Example: "  daprstack init\n  daprstack init --from deploy/ -s dev --context my-cluster\n  daprstack init --from my-cluster/shop -s dev\n  daprstack init -s dev --context my-cluster --namespace shop --app web --image registry.example.com/web:1.0.0 --port 8080",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			o.console = consoleOf(cmd)
			return runF(cmd.Context(), o)
		},
	}
	cmd.Flags().StringVarP(&o.stack, "stack", "s", "", "the name of the stack")
	cmd.Flags().StringVar(&o.context, "context", "", "the kubeconfig context that it goes to")
	cmd.Flags().StringVar(&o.namespace, "namespace", "", "the namespace that it makes for the application")
	cmd.Flags().StringVar(&o.app, "app", "", "the name of the application")
	cmd.Flags().StringVar(&o.image, "image", "", "the image of the application, with a tag")
	cmd.Flags().IntVar(&o.port, "port", 0, "the port on which the application listens")
	cmd.Flags().StringVar(&o.kubeconfig, "kubeconfig", "", "the kubeconfig (default $KUBECONFIG or ~/.kube/config)")
	o.registerFrom(cmd)
	return cmd
}

func runInit(ctx context.Context, o *initOptions) error {
	if o.from != "" {
		return runInitFrom(ctx, o)
	}
	projectFile, err := findProject()
	if err != nil {
		return err
	}
	if err := o.complete(); err != nil {
		return err
	}
	path := filepath.Join(filepath.Dir(projectFile), "Pulumi."+o.stack+".yaml")
	inherited, err := stackfile.Project(projectFile)
	if err != nil {
		return err
	}
	if err := o.write(path, header(filepath.Dir(path))+o.file(inherited)); err != nil {
		return err
	}
	fmt.Fprintf(o.out, "Wrote %s. Look at what it would make: daprstack preview -s %s\n", filepath.Base(path), o.stack)
	return nil
}

// write writes a new stack file. One that is not valid does not stay.
func (o *initOptions) write(path, content string) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("%s is there already: choose another name with --stack", filepath.Base(path))
	}
	if err != nil {
		return fmt.Errorf("writing the stack file: %w", err)
	}
	_, err = io.WriteString(f, content)
	if err = errors.Join(err, f.Close()); err == nil {
		err = check(o.stack)
	}
	if err != nil {
		return errors.Join(err, os.Remove(path))
	}
	return nil
}

// check fails with all problems of a stack file.
func check(stack string) error {
	t, err := findTarget(stackOptions{stack: stack})
	if err != nil {
		return err
	}
	_, err = t.load()
	return err
}

// complete asks for what was not given.
func (o *initOptions) complete() error {
	port := ""
	if o.port != 0 {
		port = strconv.Itoa(o.port)
	}
	questions := []struct {
		flag, question, proposal string
		answer                   *string
	}{
		{"stack", "The name of the stack", "dev", &o.stack},
		{"context", "The kubeconfig context that it goes to" + o.contexts(), "", &o.context},
		{"image", "The image of your application, with a tag", "", &o.image},
		{"port", "The port on which it listens", "8080", &port},
		{"namespace", "The namespace to make for it", "", &o.namespace},
	}
	input := bufio.NewReader(o.in)
	var missing []string
	for _, q := range questions {
		if *q.answer != "" {
			continue
		}
		if q.flag == "namespace" {
			q.proposal = nameOfImage(o.image)
		}
		if !o.interactive {
			missing = append(missing, "--"+q.flag)
			continue
		}
		if err := o.ask(input, q.question, q.proposal, q.answer); err != nil {
			return err
		}
	}
	if len(missing) > 0 {
		return fmt.Errorf("there is nobody to ask: give %s", strings.Join(missing, ", "))
	}
	var err error
	if o.port, err = strconv.Atoi(port); err != nil {
		return fmt.Errorf("the port: %q is not a number", port)
	}
	o.app = cmp.Or(o.app, nameOfImage(o.image))
	return nil
}

func (o *initOptions) ask(input *bufio.Reader, question, proposal string, answer *string) error {
	if proposal != "" {
		question += " [" + proposal + "]"
	}
	for *answer == "" {
		fmt.Fprint(o.err, question+": ")
		line, err := input.ReadString('\n')
		if *answer = cmp.Or(strings.TrimSpace(line), proposal); *answer == "" && err != nil {
			return fmt.Errorf("reading the answer: %w", err)
		}
	}
	return nil
}

// contexts lists the contexts of the kubeconfig, to choose from.
func (o *initOptions) contexts() string {
	rules := clientcmd.NewDefaultClientConfigLoadingRules()
	rules.ExplicitPath = o.kubeconfig
	config, err := rules.Load()
	if err != nil || len(config.Contexts) == 0 {
		return ""
	}
	var names []string
	for name := range config.Contexts {
		names = append(names, name)
	}
	slices.Sort(names)
	return " (" + strings.Join(names, ", ") + ")"
}

// nameOfImage returns the name that an image has without registry, tag and digest.
func nameOfImage(image string) string {
	name := image[strings.LastIndexByte(image, '/')+1:]
	name, _, _ = strings.Cut(name, "@")
	name, _, _ = strings.Cut(name, ":")
	return strings.ReplaceAll(strings.ToLower(name), "_", "-")
}

// file returns the content of the stack file, below its header. What the project has of other
// applications is not inherited.
func (o *initOptions) file(project map[string]stackfile.Value) string {
	var b strings.Builder
	fmt.Fprintf(&b, "config:\n  context: %s\n  namespace: %s\n", quoted(o.context), quoted(o.namespace))
	var none []string
	for key := range project {
		_, name, _ := strings.Cut(key, ":")
		if slices.Contains([]string{"events", "pubSubs", "stateStores", "overlay"}, name) {
			none = append(none, name)
		}
	}
	slices.Sort(none)
	for _, name := range none {
		empty := "[]"
		if name == "overlay" {
			empty = "{}"
		}
		fmt.Fprintf(&b, "  %s: %s\n", name, empty)
	}
	fmt.Fprintf(&b, "  apps:\n    - name: %s\n      image: %s\n      port: %d\n      sidecar: { appId: %s }\n",
		quoted(o.app), quoted(o.image), o.port, quoted(o.app+"-app"))
	return b.String()
}

// quoted returns a text as YAML, in quotes where it needs them.
func quoted(text string) string {
	raw, err := yaml.Marshal(text)
	if err != nil {
		return strconv.Quote(text)
	}
	return strings.TrimSpace(string(raw))
}
