package main

import (
	"bufio"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/tools/clientcmd"

	"github.com/daprstack/daprstack/components/kube"
	"github.com/daprstack/daprstack/internal/changes"
	"github.com/daprstack/daprstack/internal/cluster"
	"github.com/daprstack/daprstack/internal/controlplane"
	"github.com/daprstack/daprstack/internal/lint"
	"github.com/daprstack/daprstack/internal/migration"
	"github.com/daprstack/daprstack/internal/stackfile"
	"github.com/daprstack/daprstack/local"
)

// fromOptions are the options of daprstack init --from.
type fromOptions struct {
	from   string
	values []string
}

func (o *fromOptions) registerFrom(cmd *cobra.Command) {
	cmd.Flags().StringVar(&o.from, "from", "", "write it from what is there: a file or folder of manifests, a chart, - for standard input, or <context>/<namespace> of a cluster")
	cmd.Flags().StringArrayVar(&o.values, "values", nil, "with --from: a file with values for the chart (repeatable)")
	for _, flag := range []string{"app", "image", "port"} {
		cmd.MarkFlagsMutuallyExclusive("from", flag)
	}
}

// source is what a stack file is written from.
type source struct {
	words   string // for people
	objects []migration.Object
	migration.Options
}

func runInitFrom(ctx context.Context, o *initOptions) error {
	projectFile, err := findProject()
	if err != nil {
		return err
	}
	from, err := o.source(ctx)
	if err != nil {
		return err
	}
	result, err := o.migrate(from)
	if err != nil {
		return fmt.Errorf("%s: %w", o.from, err)
	}
	inherited, err := stackfile.Project(projectFile)
	if err != nil {
		return err
	}
	plan, err := planTakeover(ctx, o.stack, from, result)
	if err != nil {
		return err
	}
	path := filepath.Join(filepath.Dir(projectFile), "Pulumi."+o.stack+".yaml")
	doc := migration.Document{
		Head: strings.Split(header(filepath.Dir(path))+"# Written from "+from.words+". What could not be taken over is at the end.", "\n"),
		Foot: plan.comment(migration.Text(result.Notes)), Inherited: keysGiven(inherited),
	}
	content, err := result.YAML(doc)
	if err != nil {
		return err
	}
	if err := o.write(path, string(content)); err != nil {
		return err
	}
	fmt.Fprint(o.err, migration.Text(result.Notes))
	fmt.Fprintf(o.out, "Wrote %s from %s: %s.\n\n", filepath.Base(path), from.words, summary(result))
	if err := changes.Text(o.out, []*changes.Stack{plan.changes}); err != nil {
		return err
	}
	fmt.Fprint(o.out, plan.next())
	return nil
}

// keysGiven returns the top-level keys that a project gives a value.
func keysGiven(project map[string]stackfile.Value) (keys []string) {
	for key, value := range project {
		_, name, _ := strings.Cut(key, ":")
		if !slices.Contains([]string{"", "[]", "{}"}, value.Text) {
			keys = append(keys, name)
		}
	}
	slices.Sort(keys)
	return keys
}

func summary(r *migration.Result) string {
	s := r.Stack
	parts := []string{
		count(len(s.Apps), "app", "apps"), count(len(s.StateStores), "state store", "state stores"),
		count(len(s.PubSubs), "pub/sub", "pub/subs"), count(len(s.Events), "event", "events"),
	}
	for _, kind := range []migration.NoteKind{migration.ToFill, migration.Lost, migration.Differs} {
		n := 0
		for _, note := range r.Notes {
			if note.Kind == kind {
				n++
			}
		}
		parts = append(parts, fmt.Sprintf("%d %s", n, kind))
	}
	return strings.Join(parts, ", ")
}

// migrate makes the stack, after it asked for what nothing tells.
func (o *initOptions) migrate(from *source) (*migration.Result, error) {
	o.interactive = o.interactive && o.from != "-"
	from.Context, from.Namespace = cmp.Or(o.context, from.Context), cmp.Or(o.namespace, from.Namespace)
	input := bufio.NewReader(o.in)
	var missing []string
	for _, q := range []struct {
		flag, question, proposal string
		answer                   *string
	}{
		{"stack", "The name of the stack", "dev", &o.stack},
		{"context", "The kubeconfig context that it goes to" + o.contexts(), "", &from.Context},
	} {
		switch {
		case *q.answer != "":
		case !o.interactive:
			missing = append(missing, "--"+q.flag)
		default:
			if err := o.ask(input, q.question, q.proposal, q.answer); err != nil {
				return nil, err
			}
		}
	}
	if len(missing) > 0 {
		return nil, fmt.Errorf("there is nobody to ask: give %s", strings.Join(missing, ", "))
	}
	result, err := migration.From(from.objects, from.Options)
	if errors.Is(err, migration.ErrNoNamespace) && o.interactive {
		if err := o.ask(input, "The namespace that it goes to", "", &from.Namespace); err != nil {
			return nil, err
		}
		return migration.From(from.objects, from.Options)
	}
	return result, err
}

// source reads what --from names: a path that exists, else a namespace of a cluster.
func (o *initOptions) source(ctx context.Context) (*source, error) {
	if o.from == "-" {
		return o.manifests()
	}
	_, err := os.Stat(o.from)
	if err == nil {
		return o.manifests()
	}
	kubeconfig := kubeconfigPath(o.kubeconfig, strings.HasPrefix(o.from, local.Context+"/"))
	at := strings.LastIndexByte(o.from, '/') // the name of a context may have slashes
	loaded, loadErr := (&clientcmd.ClientConfigLoadingRules{Precedence: filepath.SplitList(kubeconfig)}).Load()
	if at > 0 && loadErr == nil {
		if _, known := loaded.Contexts[o.from[:at]]; known && o.from[at+1:] != "" {
			return o.live(ctx, o.from[:at], o.from[at+1:], kubeconfig)
		}
	}
	known := "none"
	if loadErr == nil && len(loaded.Contexts) > 0 {
		known = strings.Join(slices.Sorted(maps.Keys(loaded.Contexts)), ", ")
	}
	return nil, fmt.Errorf("--from %s: it is neither a file nor a folder (%w), nor <context>/<namespace> with a context of kubeconfig %s, which has: %s",
		o.from, err, kubeconfig, known)
}

// manifests reads manifests, as daprstack lint does.
func (o *initOptions) manifests() (*source, error) {
	input, err := lint.Read(lint.Source{Path: o.from, Stdin: o.in, Values: o.values})
	if err != nil {
		return nil, fmt.Errorf("could not be read:\n%w", err)
	}
	for _, s := range input.Skipped {
		fmt.Fprintf(o.err, "%s: skipped: %s\n", s.File, s.Why)
	}
	s := &source{words: cmp.Or(map[string]string{"-": "the manifests on standard input"}[o.from], o.from)}
	for _, object := range input.Objects {
		s.objects = append(s.objects, migration.Object{Fields: object.Fields, Place: object.Place()})
	}
	return s, nil
}

// looked are the kinds that are read in a cluster. Secrets are not among them.
var looked = []schema.GroupVersionResource{
	{Group: "apps", Version: "v1", Resource: "deployments"},
	{Group: "apps", Version: "v1", Resource: "statefulsets"},
	{Group: "apps", Version: "v1", Resource: "daemonsets"},
	{Group: "batch", Version: "v1", Resource: "cronjobs"},
	{Group: "batch", Version: "v1", Resource: "jobs"},
	{Group: "autoscaling", Version: "v2", Resource: "horizontalpodautoscalers"},
	{Group: "policy", Version: "v1", Resource: "poddisruptionbudgets"},
	{Group: "networking.k8s.io", Version: "v1", Resource: "ingresses"},
	{Version: "v1", Resource: "services"},
	{Version: "v1", Resource: "serviceaccounts"},
	cluster.Components, cluster.Configurations, cluster.Resiliencies, cluster.Subscriptions,
	{Group: "dapr.io", Version: "v1alpha1", Resource: "httpendpoints"},
}

// live reads a namespace of a cluster.
func (o *initOptions) live(ctx context.Context, kubeContext, namespace, kubeconfig string) (*source, error) {
	t := &target{context: kubeContext, kubeconfig: kubeconfig}
	client, err := t.client()
	if err != nil {
		return nil, err
	}
	if _, err := client.Kube.CoreV1().Namespaces().Get(ctx, namespace, metav1.GetOptions{}); err != nil && !apierrors.IsForbidden(err) {
		return nil, fmt.Errorf("--from %s: reading the namespace: %w", o.from, err)
	}
	s := &source{words: "namespace " + namespace + " of context " + kubeContext}
	s.Context, s.Namespace, s.Live = kubeContext, namespace, true
	for _, kind := range looked {
		list, err := client.Objects.Resource(kind).Namespace(namespace).List(ctx, metav1.ListOptions{})
		if apierrors.IsNotFound(err) {
			continue // without Dapr
		}
		if err != nil {
			return nil, fmt.Errorf("--from %s: listing the %s: %w", o.from, kind.Resource, err)
		}
		for _, item := range list.Items {
			if stack := item.GetLabels()[kube.StackLabel]; stack != "" && item.GetLabels()[kube.DeploymentLabel] != "" {
				return nil, fmt.Errorf("--from %s: the stack %s has made what is there, such as the %s %s: its stack file says it all", o.from, stack, item.GetKind(), item.GetName())
			}
			if len(item.GetOwnerReferences()) > 0 || kind.Resource == "serviceaccounts" && item.GetName() == "default" {
				continue // somebody else makes it
			}
			s.objects = append(s.objects, migration.Object{Fields: item.Object})
		}
	}
	plane, err := controlplane.Find(ctx, client)
	if err != nil {
		return nil, err
	}
	if plane.Namespace != "" {
		s.Plane = &migration.Plane{Version: plane.Version, MTLS: plane.MTLS}
	}
	return s, nil
}

// parsed returns the values of a stack file as the program gets them.
func parsed(content []byte) (map[string]string, error) {
	values, err := stackfile.Parse(content)
	if err != nil {
		return nil, err
	}
	whole := make(map[string]string, len(values))
	for key, value := range values {
		whole["daprstack:"+key] = value
	}
	return whole, nil
}

// asJSON returns fields with the numbers of JSON, as manifests have them.
func asJSON(fields map[string]any) (map[string]any, error) {
	raw, err := json.Marshal(fields)
	if err != nil {
		return nil, err
	}
	same := map[string]any{}
	return same, json.Unmarshal(raw, &same)
}
