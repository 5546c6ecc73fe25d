package engine

import (
	"context"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math/big"
	"slices"
	"strings"

	"github.com/google/uuid"
	"github.com/pulumi/pulumi/sdk/v3/go/auto"
	"github.com/pulumi/pulumi/sdk/v3/go/common/apitype"
	presource "github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/tokens"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/daprstack/daprstack/components/kube"
	"github.com/daprstack/daprstack/components/secrets"
	"github.com/daprstack/daprstack/internal/cluster"
)

// Find returns an object of the deployment that is to be recovered, nil if there
// is none. Prefix is what its name begins with if the engine made the name up.
type Find func(ctx context.Context, object cluster.Object, prefix string) (*unstructured.Unstructured, error)

// Rebuild writes the state of a stack whose state was lost: what the plan would
// make, as far as find finds it on the cluster. Only the certificate authority
// cannot be recovered, because its key is nowhere else. It returns the objects
// that it found, and those that an update will have to make.
func Rebuild(ctx context.Context, stack *auto.Stack, plan Plan, deployment string, find Find) (found, missing []cluster.Object, err error) {
	exported, err := stack.Export(ctx)
	if err != nil {
		return nil, nil, fmt.Errorf("reading the state: %w", err)
	}
	var state map[string]any
	if err := json.Unmarshal(exported.Deployment, &state); err != nil {
		return nil, nil, fmt.Errorf("reading the state: %w", err)
	}
	if resources, _ := state["resources"].([]any); len(resources) > 0 {
		return nil, nil, errors.New("the state is not empty: only a lost state can be rebuilt")
	}
	r := &rebuilder{deployment: deployment, find: find, providers: map[string]string{}, passwords: map[string]string{}}
	if err := r.addAll(ctx, plan.made); err != nil {
		return nil, nil, err
	}
	state["resources"] = r.resources
	if exported.Deployment, err = json.Marshal(state); err != nil {
		return nil, nil, err
	}
	if err := stack.Import(ctx, exported); err != nil {
		return nil, nil, fmt.Errorf("writing the state: %w", err)
	}
	return r.found, r.missing, nil
}

// rebuilder collects the resources of a state.
type rebuilder struct {
	deployment string
	find       Find
	resources  []apitype.ResourceV3
	providers  map[string]string // references by URN
	passwords  map[string]string // by the URN of their component

	found, missing []cluster.Object
}

// addAll adds what is made: the stack, the providers, then the others, and random
// passwords last, because they are read from the objects that hold them.
func (r *rebuilder) addAll(ctx context.Context, made []apitype.StepEventStateMetadata) error {
	rank := func(s apitype.StepEventStateMetadata) int {
		switch {
		case s.Type == "pulumi:pulumi:Stack":
			return 0
		case strings.HasPrefix(s.Type, "pulumi:providers:"):
			return 1
		case s.Type == randomPassword:
			return 3
		default:
			return 2
		}
	}
	made = slices.Clone(made)
	slices.SortStableFunc(made, func(a, b apitype.StepEventStateMetadata) int { return rank(a) - rank(b) })
	for _, s := range made {
		if err := r.add(ctx, s); err != nil {
			return fmt.Errorf("recovering %s: %w", nameOf(s), err)
		}
	}
	return nil
}

const (
	randomID       = "random:index/randomId:RandomId"
	randomPassword = "random:index/randomPassword:RandomPassword"
)

func (r *rebuilder) add(ctx context.Context, s apitype.StepEventStateMetadata) error {
	recovered, ok, err := r.recover(ctx, s)
	if err != nil || !ok {
		return err
	}
	recovered.URN, recovered.Type, recovered.Custom = presource.URN(s.URN), tokens.Type(s.Type), s.Custom
	recovered.Parent, recovered.Protect, recovered.RetainOnDelete = presource.URN(s.Parent), s.Protect, s.RetainOnDelete
	if at := strings.LastIndex(s.Provider, "::"); at >= 0 {
		recovered.Provider = r.providers[s.Provider[:at]]
	}
	r.resources = append(r.resources, recovered)
	return nil
}

// recover returns the values of a resource. It reports false for one that has to
// be made anew.
func (r *rebuilder) recover(ctx context.Context, s apitype.StepEventStateMetadata) (apitype.ResourceV3, bool, error) {
	switch {
	case !s.Custom:
		return apitype.ResourceV3{}, true, nil
	case strings.HasPrefix(s.Type, "pulumi:providers:"):
		id := uuid.NewString()
		r.providers[s.URN] = s.URN + "::" + id
		outputs := maps.Clone(s.Inputs)
		delete(outputs, "__internal")
		return apitype.ResourceV3{ID: presource.ID(id), Inputs: s.Inputs, Outputs: outputs}, true, nil
	case strings.HasPrefix(s.Type, "kubernetes:"):
		return r.object(ctx, s)
	case s.Type == randomID:
		id, outputs, err := deploymentOutputs(r.deployment)
		return apitype.ResourceV3{ID: presource.ID(id), Inputs: s.Inputs, Outputs: outputs}, err == nil, err
	case s.Type == randomPassword:
		password, ok := r.passwords[s.Parent]
		outputs := maps.Clone(s.Inputs)
		outputs["id"], outputs["result"] = "none", secret(password)
		outputs["__meta"] = `{"schema_version":"3"}`
		return apitype.ResourceV3{ID: "none", Inputs: s.Inputs, Outputs: outputs, AdditionalSecretOutputs: []presource.PropertyKey{"result", "bcryptHash"}}, ok, nil
	default:
		return apitype.ResourceV3{}, false, nil
	}
}

// deploymentOutputs returns the id and the outputs of the RandomId that is the
// deployment's.
func deploymentOutputs(deployment string) (string, map[string]any, error) {
	bytes, err := hex.DecodeString(deployment)
	if err != nil {
		return "", nil, fmt.Errorf("%q is not the id of a deployment: %w", deployment, err)
	}
	id := base64.RawURLEncoding.EncodeToString(bytes)
	return id, map[string]any{
		"id": id, "b64Url": id, "b64Std": base64.StdEncoding.EncodeToString(bytes), "hex": deployment,
		"dec": new(big.Int).SetBytes(bytes).String(), "byteLength": len(bytes),
	}, nil
}

// object recovers a Kubernetes object. Its inputs are those of the program, so
// that the next preview shows what the stack file would change; what the preview
// hides or cannot know is as it is on the cluster.
func (r *rebuilder) object(ctx context.Context, s apitype.StepEventStateMetadata) (apitype.ResourceV3, bool, error) {
	object, prefix := objectOf(s.Inputs), ""
	metadata, _ := s.Inputs["metadata"].(map[string]any)
	if annotations, _ := metadata["annotations"].(map[string]any); annotations["pulumi.com/autonamed"] == "true" {
		prefix = nameOf(s) + "-"
	}
	live, err := r.find(ctx, object, prefix)
	if err != nil {
		return apitype.ResourceV3{}, false, err
	}
	if live == nil {
		r.missing = append(r.missing, object)
		return apitype.ResourceV3{}, false, nil
	}
	object.Name, object.Namespace = live.GetName(), live.GetNamespace()
	r.found = append(r.found, object)
	metadata["name"] = object.Name
	outputs := live.DeepCopy().Object
	if object.Kind == "Secret" {
		r.notePassword(s.Parent, live)
		s.Inputs["data"] = secret(nil)
	}
	inputs, _ := restore(s.Inputs, outputs).(map[string]any)
	outputs["__inputs"], outputs["__initialApiVersion"] = inputs, object.APIVersion
	if manager := managerOf(live); manager != "" {
		outputs["__fieldManager"] = manager
	}
	id := strings.TrimPrefix(object.Namespace+"/"+object.Name, "/")
	return apitype.ResourceV3{ID: presource.ID(id), Inputs: inputs, Outputs: outputs}, true, nil
}

// notePassword keeps the password of a Secret that a component made for one.
func (r *rebuilder) notePassword(component string, live *unstructured.Unstructured) {
	encoded, ok, err := unstructured.NestedString(live.Object, "data", secrets.Key)
	if err != nil || !ok {
		return
	}
	if password, err := base64.StdEncoding.DecodeString(encoded); err == nil {
		r.passwords[component] = string(password)
	}
}

// managerOf returns the field manager with which the provider made an object.
func managerOf(live *unstructured.Unstructured) string {
	if manager := live.GetAnnotations()[kube.ManagerAnnotation]; manager != "" {
		return manager
	}
	for _, entry := range live.GetManagedFields() {
		if strings.HasPrefix(entry.Manager, "pulumi-kubernetes-") {
			return entry.Manager
		}
	}
	return ""
}

// restore returns inputs with what is hidden or unknown taken from the live
// object. A secret is one in both from then on.
func restore(inputs, live any) any {
	switch inputs := inputs.(type) {
	case map[string]any:
		there, _ := live.(map[string]any)
		restored := make(map[string]any, len(inputs))
		for key, value := range inputs {
			actual, ok := there[key]
			switch {
			case isSecret(value) && ok:
				restored[key] = secret(actual)
				there[key] = restored[key]
			case value == unknown && ok:
				restored[key] = actual
			case !isSecret(value) && value != unknown:
				restored[key] = restore(value, actual)
			}
		}
		return restored
	case []any:
		there, _ := live.([]any)
		if len(there) != len(inputs) {
			there = make([]any, len(inputs))
		}
		restored := make([]any, len(inputs))
		for i, value := range inputs {
			switch {
			case isSecret(value):
				restored[i] = secret(there[i])
				there[i] = restored[i]
			case value == unknown:
				restored[i] = there[i]
			default:
				restored[i] = restore(value, there[i])
			}
		}
		return restored
	default:
		return inputs
	}
}

// What stands in a preview for a value that only the update will know; and the key
// and the value that mark a secret, in a preview and in a state.
const (
	unknown         = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
	signature       = "4dabf18193072939515e22adb298388d"
	secretSignature = "1b47061264138c4ac30d75fd1eb44270"
)

func isSecret(value any) bool {
	object, ok := value.(map[string]any)
	return ok && object[signature] == secretSignature
}

// secret returns a value as a state has a secret before it is encrypted, which the
// engine does when it takes the state.
func secret(value any) any {
	plain, err := json.Marshal(value)
	if err != nil {
		return nil
	}
	return map[string]any{signature: secretSignature, "plaintext": string(plain)}
}

// nameOf returns the name of a resource.
func nameOf(s apitype.StepEventStateMetadata) string { return s.URN[strings.LastIndex(s.URN, "::")+2:] }
