package verify

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	corev1 "k8s.io/api/core/v1"

	"github.com/daprstack/daprstack/config"
	"github.com/daprstack/daprstack/config/rules"
)

// settings proves that the sidecars run with the settings of the stack file,
// from their arguments and from what they report about themselves.
func (v *verifier) settings(ctx context.Context, a config.App) error {
	pods, err := v.pods(ctx, a)
	if err != nil {
		return err
	}
	var problems []error
	for _, pod := range pods {
		if container(pod, daprd) == nil {
			problems = append(problems, fmt.Errorf("pod %s has no sidecar", pod.Name))
			continue
		}
		problems = append(problems, deviations(pod, v.stack, a.Sidecar))
		problems = append(problems, v.metadataMatches(ctx, a, pod.Name), v.hasMetrics(ctx, a, pod.Name))
	}
	return errors.Join(problems...)
}

// deviations returns the differences between the sidecar of a pod and the stack file:
// in the arguments of daprd, and in the annotations of options without an
// argument of daprd.
func deviations(pod corev1.Pod, stack *config.Stack, s *config.Sidecar) error {
	var problems []error
	differs := func(what, has, want, remedy string) {
		problems = append(problems, fmt.Errorf("pod %s: %s %s, the stack file says %s%s", pod.Name, what, has, want, remedy))
	}
	daprd := container(pod, daprd)
	args := flags(slices.Concat(daprd.Command, daprd.Args))
	argument := func(name, want, remedy string) {
		if has := args[name]; has != want && (has != "" || want != "false") {
			differs("the sidecar runs with "+name, strconv.Quote(has), strconv.Quote(want), remedy)
		}
	}
	argument("app-id", s.AppID, "")
	if s.AppPort != nil {
		argument("app-port", strconv.Itoa(*s.AppPort), "")
	}
	argument("config", stack.ConfigurationOf(s.AppID), "")
	argument("dapr-http-port", strconv.Itoa(rules.SidecarPorts[0]), "")
	argument("enable-mtls", strconv.FormatBool(*stack.Dapr.MTLS), "")
	for _, option := range stack.WithRedisCA(s.AppID, s.Options).Settings() {
		if stack.IsSecret("apps") && (option.Key == rules.OptionEnv || option.Key == rules.OptionEnvFromSecret) {
			continue // the stack makes a Secret of them, with a name of its own
		}
		if option.Argument != "" {
			argument(option.Argument, option.Value, "; "+option.ToDo())
			continue
		}
		name := rules.AnnotationPrefix + option.Annotation
		switch has := pod.Annotations[name]; {
		case has == option.Value:
		case option.Hidden:
			differs("the annotation "+name+" is", "another one", "what it should be", "; "+option.ToDo())
		default:
			differs("the annotation "+name+" is", strconv.Quote(has), strconv.Quote(option.Value), "; "+option.ToDo())
		}
	}
	return errors.Join(problems...)
}

// flags parses "--name value", "--name=value" and "--name" of a command line.
func flags(args []string) map[string]string {
	found := map[string]string{}
	for i, arg := range args {
		if len(arg) < 3 || arg[:2] != "--" {
			continue
		}
		if name, value, ok := strings.Cut(arg[2:], "="); ok {
			found[name] = value
			continue
		}
		value := "true"
		if i+1 < len(args) && (len(args[i+1]) < 2 || args[i+1][:2] != "--") {
			value = args[i+1]
		}
		found[arg[2:]] = value
	}
	return found
}
