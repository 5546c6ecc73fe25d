package stacks

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	utilyaml "k8s.io/apimachinery/pkg/util/yaml"
	"sigs.k8s.io/yaml"

	"github.com/daprstack/daprstack/components/kube"
	"github.com/daprstack/daprstack/config"
)

// makeObjects makes the objects beside the stack, and returns those that the pods of
// apps wait for.
func (s *stack) makeObjects() ([]pulumi.Resource, error) {
	objects, err := readObjects(s.cfg)
	if err != nil {
		return nil, err
	}
	var made []pulumi.Resource
	for _, o := range objects {
		in := kube.Fields(o.Object)
		metadata := in["metadata"].(pulumi.Map)
		metadata["namespace"] = s.namespace
		annotations, _ := metadata["annotations"].(pulumi.Map)
		if annotations == nil {
			annotations = pulumi.Map{}
			metadata["annotations"] = annotations
		}
		annotations[kube.ManagerAnnotation] = pulumi.String(kube.Manager(s.ctx))
		if _, given := annotations[kube.SkipAwaitAnnotation]; !given && slices.Contains(neverReady, o.GetKind()) {
			annotations[kube.SkipAwaitAnnotation] = pulumi.String("true")
		}
		one := &pulumi.CustomResourceState{}
		name := s.name(strings.ToLower(o.GetKind()) + "-" + o.GetName())
		if err := s.ctx.RegisterResource(kube.Token(o.GetAPIVersion(), o.GetKind()), name, in, one, s.cluster); err != nil {
			return nil, fmt.Errorf("making the %s %s of objects: %w", o.GetKind(), o.GetName(), err)
		}
		if !slices.Contains(workloads, o.GetKind()) {
			made = append(made, one)
		}
	}
	return made, nil
}

var (
	// neverReady are the kinds that may not be ready before the apps are there.
	neverReady = []string{"Service", "Ingress", "PersistentVolumeClaim"}
	// workloads are the kinds that no app waits for: they may wait for it.
	workloads = []string{"Deployment", "StatefulSet", "DaemonSet", "ReplicaSet", "Pod", "Job", "CronJob"}
)

// readObjects reads the manifests beside a stack. The error is a [config.Errors] with
// every problem (W-07).
func readObjects(cfg *config.Stack) ([]*unstructured.Unstructured, error) {
	r := objectReader{cfg: cfg, taken: taken(cfg), seen: map[string]string{}}
	for i, path := range cfg.Objects {
		r.at, r.given = fmt.Sprintf("objects[%d]", i), path
		r.path(cfg.InFolder(path))
	}
	if len(r.problems) > 0 {
		return nil, r.problems
	}
	return r.objects, nil
}

type objectReader struct {
	cfg      *config.Stack
	taken    map[string]bool
	seen     map[string]string // the file of each object
	objects  []*unstructured.Unstructured
	problems config.Errors

	at, given string
}

func (r *objectReader) problem(format string, args ...any) {
	r.problems = append(r.problems, config.Violation{
		Path: r.at, Value: strconv.Quote(r.given), Rule: "W-07", Allowed: fmt.Sprintf(format, args...),
	})
}

// path reads a file, or the manifests of a folder and those below it in the order of
// their names.
func (r *objectReader) path(path string) {
	info, err := os.Stat(path)
	if err != nil {
		r.problem("must be a manifest or a folder with manifests: %v", errors.Unwrap(err))
		return
	}
	if !info.IsDir() {
		r.file(path, filepath.Base(path))
		return
	}
	found := false
	err = filepath.WalkDir(path, func(file string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case file != path && strings.HasPrefix(d.Name(), "."):
			if d.IsDir() {
				return fs.SkipDir
			}
		case !d.IsDir() && slices.Contains([]string{".yaml", ".yml", ".json"}, filepath.Ext(file)):
			found = true
			name, err := filepath.Rel(path, file)
			if err != nil {
				return err
			}
			r.file(file, name)
		}
		return nil
	})
	switch {
	case err != nil:
		r.problem("must be a folder that can be read: %v", err)
	case !found:
		r.problem("must be a folder with manifests (.yaml, .yml or .json)")
	}
}

// file reads the documents of a file, one after the other.
func (r *objectReader) file(path, name string) {
	content, err := os.ReadFile(path)
	if err != nil {
		r.problem("%s cannot be read: %v", name, errors.Unwrap(err))
		return
	}
	documents := utilyaml.NewYAMLReader(bufio.NewReader(bytes.NewReader(content)))
	for n := 1; ; n++ {
		document, err := documents.Read()
		if errors.Is(err, io.EOF) {
			return
		}
		where := name
		if n > 1 {
			where = fmt.Sprintf("%s, document %d", name, n)
		}
		if err != nil {
			r.problem("%s: %v", where, err)
			return
		}
		r.document(document, where)
	}
}

func (r *objectReader) document(document []byte, where string) {
	var fields map[string]any
	if err := yaml.UnmarshalStrict(document, &fields); err != nil {
		text := strings.TrimPrefix(err.Error(), "error converting YAML to JSON: ")
		r.problem("%s: must be a manifest: %s", where, text)
		return
	}
	if fields == nil {
		return // only comments
	}
	r.object(&unstructured.Unstructured{Object: fields}, where)
}

func (r *objectReader) object(o *unstructured.Unstructured, where string) {
	kind, version := text(o.Object["kind"]), text(o.Object["apiVersion"])
	if kind == "" || version == "" {
		r.problem("%s: must have apiVersion and kind", where)
		return
	}
	if items, isList := o.Object["items"].([]any); isList && strings.HasSuffix(kind, "List") {
		for i, item := range items {
			fields, _ := item.(map[string]any)
			r.object(&unstructured.Unstructured{Object: fields}, fmt.Sprintf("%s, item %d", where, i+1))
		}
		return
	}
	metadata, _ := o.Object["metadata"].(map[string]any)
	name, namespace := text(metadata["name"]), text(metadata["namespace"])
	if name == "" {
		r.problem("%s: must have metadata.name: the stack has to know the object again", where)
		return
	}
	where += ": " + kind + " " + name
	delete(o.Object, "status")
	group, _, _ := strings.Cut(version, "/")
	id := kind + "/" + name
	before, again := r.seen[group+" "+id]
	r.seen[group+" "+id] = where
	switch {
	case clusterWide(version, kind):
		r.problem("%s belongs to the whole cluster, where every stack that has it would change and remove it: apply it once, beside the stacks", where)
	case namespace != "" && namespace != r.cfg.Namespace:
		r.problem("%s names namespace %s; it must be that of the stack, %s, or none: make it a part of the stack that has that namespace", where, namespace, r.cfg.Namespace)
	case group == "dapr.io" && slices.Contains(ownKinds, kind):
		r.problem("%s must be said in the stack file: sidecars start again when it changes, and who may use it is checked there", where)
	case r.taken[id]:
		r.problem("%s must have another name: the stack makes one of this name", where)
	case again:
		r.problem("%s is there twice, the first time in %s", where, before)
	case kind == "Secret" && group == "v1" && holdsValues(o.Object):
		r.problem("%s must not have values, which would be in clear in the repository and in the state: give them to apps by env, as Pulumi secrets, or have an operator make the Secret", where)
	default:
		r.objects = append(r.objects, o)
	}
}

// ownKinds are the kinds of Dapr that the stack file has keys for.
var ownKinds = []string{"Component", "Configuration", "Resiliency", "Subscription"}

func text(v any) string {
	s, _ := v.(string)
	return s
}

// holdsValues reports whether a Secret has a value of its own.
func holdsValues(secret map[string]any) bool {
	for _, key := range []string{"data", "stringData"} {
		if values, _ := secret[key].(map[string]any); len(values) > 0 {
			return true
		}
	}
	return false
}

// clusterWide reports whether a kind of Kubernetes is in no namespace. Of kinds that a
// CRD defines it knows those of the Gateway API and cert-manager.
func clusterWide(version, kind string) bool {
	group, _, grouped := strings.Cut(version, "/")
	if !grouped {
		group = ""
	}
	return slices.Contains(clusterKinds[group], kind)
}

var clusterKinds = map[string][]string{
	"":                             {"Namespace", "Node", "PersistentVolume"},
	"admissionregistration.k8s.io": {"MutatingAdmissionPolicy", "MutatingAdmissionPolicyBinding", "MutatingWebhookConfiguration", "ValidatingAdmissionPolicy", "ValidatingAdmissionPolicyBinding", "ValidatingWebhookConfiguration"},
	"apiextensions.k8s.io":         {"CustomResourceDefinition"},
	"apiregistration.k8s.io":       {"APIService"},
	"certificates.k8s.io":          {"CertificateSigningRequest", "ClusterTrustBundle"},
	"cert-manager.io":              {"ClusterIssuer"},
	"flowcontrol.apiserver.k8s.io": {"FlowSchema", "PriorityLevelConfiguration"},
	"gateway.networking.k8s.io":    {"GatewayClass"},
	"networking.k8s.io":            {"IPAddress", "IngressClass", "ServiceCIDR"},
	"node.k8s.io":                  {"RuntimeClass"},
	"rbac.authorization.k8s.io":    {"ClusterRole", "ClusterRoleBinding"},
	"resource.k8s.io":              {"DeviceClass", "ResourceSlice"},
	"scheduling.k8s.io":            {"PriorityClass"},
	"storage.k8s.io":               {"CSIDriver", "CSINode", "StorageClass", "VolumeAttachment", "VolumeAttributesClass"},
	"internal.apiserver.k8s.io":    {"StorageVersion"},
	"storagemigration.k8s.io":      {"StorageVersionMigration"},
	"keda.sh":                      {"ClusterTriggerAuthentication"},
	"external-secrets.io":          {"ClusterExternalSecret", "ClusterSecretStore"},
	"snapshot.storage.k8s.io":      {"VolumeSnapshotClass", "VolumeSnapshotContent"},
	"policy.networking.k8s.io":     {"AdminNetworkPolicy", "BaselineAdminNetworkPolicy"},
	"authorization.openshift.io":   {"ClusterRole", "ClusterRoleBinding"},
	"security.openshift.io":        {"SecurityContextConstraints"},
	"kyverno.io":                   {"ClusterPolicy"},
	"templates.gatekeeper.sh":      {"ConstraintTemplate"},
}

// taken returns the objects of the namespace that the stack makes, as Kind/name, or
// that Dapr or Kubernetes makes for it.
func taken(cfg *config.Stack) map[string]bool {
	all := map[string]bool{
		"Service/redis-master": true, "Deployment/redis-master": true, "PersistentVolumeClaim/redis-data": true,
		"ServiceAccount/default": true, "ConfigMap/kube-root-ca.crt": true,
	}
	for _, a := range cfg.Apps {
		for _, kind := range []string{
			a.Kind, "Service", "ServiceAccount", "PodDisruptionBudget", "HorizontalPodAutoscaler", "ScaledObject", "TriggerAuthentication", "Ingress", "HTTPRoute",
		} {
			all[kind+"/"+a.Name] = true
		}
		if a.Kind == config.StatefulSet {
			all["Service/"+a.Name+"-headless"] = true
		}
		if a.Sidecar != nil {
			all["Service/"+a.Sidecar.AppID+"-dapr"] = true // the operator makes it
		}
	}
	return all
}
