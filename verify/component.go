package verify

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/daprstack/daprstack/config/rules"
	"github.com/daprstack/daprstack/internal/cluster"
)

// component is a state store or pub/sub of the stack file.
type component struct {
	name, kind, version string
	scopes              []string
	timings             map[string]string // expected values of metadata items
}

func (v *verifier) declared() (all []component) {
	for _, s := range v.stack.StateStores {
		all = append(all, component{s.Name, s.Type, s.Version, s.Scopes, nil})
	}
	for _, p := range v.stack.PubSubs {
		timings := map[string]string{
			"redeliverInterval": strconv.FormatInt(p.RedeliverInterval.Milliseconds(), 10),
			"processingTimeout": p.ProcessingTimeout.String(),
		}
		if p.MaxLenApprox != nil {
			timings["maxLenApprox"] = strconv.Itoa(*p.MaxLenApprox)
		} else {
			timings["streamTTL"] = p.StreamTTL.String()
		}
		all = append(all, component{p.Name, p.Type, p.Version, p.Scopes, timings})
	}
	return all
}

func (v *verifier) components() (all []check) {
	for _, c := range v.declared() {
		all = append(all,
			check{entity: "component", rules: []string{"T-01", "T-02", "T-03", "T-09"}, what: c.name + ": loaded by the apps in its scopes and by no other",
				prove: func(ctx context.Context) error { return v.loaded(ctx, c) }},
			check{entity: "component", rules: []string{"T-06", "T-07"}, what: c.name + ": its password comes from an existing Secret",
				prove: func(ctx context.Context) error { return v.secrets(ctx, c) }},
			check{entity: "component", rules: []string{"T-10", "Q-02", "Q-05", "E-10"}, what: c.name + ": Dapr honors every metadata item",
				prove: func(ctx context.Context) error { return v.metadataItems(ctx, c) }},
		)
	}
	return all
}

// loaded proves that exactly the apps in the scopes have loaded a component.
func (v *verifier) loaded(ctx context.Context, c component) error {
	var problems []error
	for _, a := range v.stack.Apps {
		if a.Sidecar == nil || !running(a) {
			continue
		}
		m, err := v.sidecarMetadata(ctx, a.Sidecar.AppID)
		if errors.As(err, new(skipped)) {
			continue // it has no pod now
		}
		if err != nil {
			problems = append(problems, err)
			continue
		}
		at := slices.IndexFunc(m.Components, func(has loadedComponent) bool { return has.Name == c.name })
		switch scoped := slices.Contains(c.scopes, a.Sidecar.AppID); {
		case scoped && at < 0:
			problems = append(problems, fmt.Errorf("%s has not loaded it; its sidecar's log says why", a.Sidecar.AppID))
		case !scoped && at >= 0:
			problems = append(problems, fmt.Errorf("%s has loaded it but is not in its scopes", a.Sidecar.AppID))
		case scoped && (m.Components[at].Type != c.kind || m.Components[at].Version != c.version):
			problems = append(problems, fmt.Errorf("%s has loaded it as %s %s, not %s %s",
				a.Sidecar.AppID, m.Components[at].Type, m.Components[at].Version, c.kind, c.version))
		}
	}
	return errors.Join(problems...)
}

// componentObject is a Component in the cluster.
type componentObject struct {
	Spec struct {
		Type     string
		Metadata []struct {
			Name         string
			Value        any
			SecretKeyRef *struct{ Name, Key string }
			EnvRef       string
		}
	}
	Scopes []string
}

func (v *verifier) componentObject(ctx context.Context, name string) (o componentObject, err error) {
	err = v.read(ctx, cluster.Components, "Component", name, &o)
	return o, err
}

// read decodes an object of the namespace into a struct.
func (v *verifier) read(ctx context.Context, resource schema.GroupVersionResource, kind, name string, into any) error {
	found, err := v.cluster.Objects.Resource(resource).Namespace(v.stack.Namespace).Get(ctx, name, metav1.GetOptions{})
	if apierrors.IsNotFound(err) {
		return fmt.Errorf("there is no %s %s in namespace %s", kind, name, v.stack.Namespace)
	}
	var raw []byte
	if err == nil {
		raw, err = found.MarshalJSON()
	}
	if err == nil {
		err = json.Unmarshal(raw, into)
	}
	if err != nil {
		return fmt.Errorf("reading %s %s: %w", kind, name, err)
	}
	return nil
}

// secrets proves that a component refers to its password, and that everything that it
// refers to is there. Errors never show a value.
func (v *verifier) secrets(ctx context.Context, c component) error {
	o, err := v.componentObject(ctx, c.name)
	if err != nil {
		return err
	}
	var problems []error
	password := false
	for _, item := range o.Spec.Metadata {
		password = password || item.Name == "redisPassword"
		switch {
		case item.SecretKeyRef != nil:
			problems = append(problems, v.secretIsThere(ctx, item.SecretKeyRef.Name, item.SecretKeyRef.Key))
		case item.Name == "redisPassword":
			problems = append(problems, errors.New("redisPassword is not a secretKeyRef"))
		}
	}
	if !password && (v.stack.Redis.External == nil || *v.stack.Redis.External.Auth) {
		problems = append(problems, errors.New("redisPassword is missing"))
	}
	return errors.Join(problems...)
}

func (v *verifier) secretIsThere(ctx context.Context, name, key string) error {
	secret, err := v.cluster.Kube.CoreV1().Secrets(v.stack.Namespace).Get(ctx, name, metav1.GetOptions{})
	switch {
	case apierrors.IsNotFound(err):
		return fmt.Errorf("there is no Secret %s in namespace %s", name, v.stack.Namespace)
	case err != nil:
		return fmt.Errorf("reading Secret %s: %w", name, err)
	case len(secret.Data[key]) == 0:
		return fmt.Errorf("the Secret %s has nothing under the key %s: Dapr reads an empty value", name, key)
	}
	return nil
}

// metadataItems proves that Dapr honors every metadata item of the object in
// the cluster, and that the timings are those of the stack file.
func (v *verifier) metadataItems(ctx context.Context, c component) error {
	o, err := v.componentObject(ctx, c.name)
	if err != nil {
		return err
	}
	var problems []error
	var entries []rules.MetadataEntry
	values := map[string]string{}
	for _, item := range o.Spec.Metadata {
		e := rules.MetadataEntry{Name: item.Name}
		switch {
		case item.SecretKeyRef != nil:
			e.From = rules.FromSecret
		case item.EnvRef != "":
			e.From = rules.FromEnv
		default:
			e.Value = fmt.Sprint(item.Value)
			values[item.Name] = e.Value
		}
		entries = append(entries, e)
	}
	found := rules.MetadataItems(o.Spec.Type, entries)
	for _, name := range sorted(found) {
		for _, reason := range found[name] {
			problems = append(problems, fmt.Errorf("metadata item %s %s", name, reason))
		}
	}
	for _, name := range sorted(c.timings) {
		if values[name] != c.timings[name] {
			problems = append(problems, fmt.Errorf("%s is %q, the stack file says %q", name, values[name], c.timings[name]))
		}
	}
	return errors.Join(problems...)
}
