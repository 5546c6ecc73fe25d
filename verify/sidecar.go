package verify

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/daprstack/daprstack/config"
	"github.com/daprstack/daprstack/config/rules"
	"github.com/daprstack/daprstack/internal/cluster"
)

const daprd = cluster.Sidecar

func (v *verifier) sidecars() (all []check) {
	for i, a := range v.stack.Apps {
		variables := v.stack.Environments()[i]
		if a.Ends() {
			all = append(all, v.endingChecks(a, variables)...)
			continue
		}
		if a.HasService() && a.Service != nil && a.Service.Type == "LoadBalancer" {
			all = append(all, v.addressCheck(a))
		}
		if a.Sidecar == nil {
			all = append(all, v.appChecks(a, variables)...)
			continue
		}
		id := a.Sidecar.AppID
		all = append(all,
			check{entity: "sidecar", rules: []string{"S-11"}, what: id + ": every pod has a ready sidecar",
				prove: func(ctx context.Context) error { return v.podsReady(ctx, a, true) }},
			check{entity: "sidecar", rules: []string{"S-01", "S-04", "S-06", "S-07", "S-08", "S-09", "S-12"}, what: id + ": it has the settings of the stack file",
				prove: func(ctx context.Context) error { return v.settings(ctx, a) }},
		)
		if a.AppPort() != 0 {
			all = append(all, check{entity: "sidecar", rules: []string{"S-05", "I-04"}, what: id + ": the app listens on its app-port",
				prove: func(ctx context.Context) error { return v.listens(ctx, a) }})
		}
		all = append(all,
			check{entity: "sidecar", what: id + ": other sidecars know it by its certificate (mTLS)",
				prove: func(ctx context.Context) error { return v.certified(ctx, a) }},
			check{entity: "app", rules: []string{"C-01"}, what: a.Name + ": it finds its peers, stores and topics by its variables",
				prove: func(ctx context.Context) error { return v.environment(ctx, a, variables) }},
		)
	}
	return all
}

// addressCheck returns the check that a load balancer has taken a Service, for which up
// does not wait.
func (v *verifier) addressCheck(a config.App) check {
	return check{entity: "app", rules: []string{"W-05"}, what: a.Name + ": its load balancer has an address", prove: func(ctx context.Context) error {
		service, err := v.cluster.Kube.CoreV1().Services(v.stack.Namespace).Get(ctx, a.Name, metav1.GetOptions{})
		if err == nil && len(service.Status.LoadBalancer.Ingress) == 0 {
			err = errors.New("no load balancer of the cluster has taken it: without one, use another service.type, or ingress")
		}
		return err
	}}
}

// running reports whether an app has pods that can be asked, as far as the stack file
// says.
func running(a config.App) bool {
	least, fixed := a.Pods()
	return !a.Ends() && (least > 0 || !fixed)
}

// appChecks returns the checks of an app without a sidecar.
func (v *verifier) appChecks(a config.App, variables []config.Variable) []check {
	checks := []check{
		{entity: "app", rules: nil, what: a.Name + ": every pod is ready",
			prove: func(ctx context.Context) error { return v.podsReady(ctx, a, false) }},
		{entity: "app", rules: []string{"C-01", "C-05"}, what: a.Name + ": it finds its peers by its variables",
			prove: func(ctx context.Context) error { return v.environment(ctx, a, variables) }},
	}
	if a.Port != 0 {
		checks = append(checks, check{entity: "app", rules: nil, what: a.Name + ": it is healthy",
			prove: func(ctx context.Context) error { return v.healthy(ctx, a) }})
	}
	return checks
}

// podsReady proves that an app has all its pods, each with a sidecar or without one, and
// that all their containers are ready.
func (v *verifier) podsReady(ctx context.Context, a config.App, sidecar bool) error {
	pods, err := v.cluster.Pods(ctx, v.stack.Namespace, a.Name)
	if err != nil {
		return err
	}
	var problems []error
	switch least, fixed := a.Pods(); {
	case fixed && len(pods) != least:
		problems = append(problems, fmt.Errorf("%d pods are there, the stack file says %d", len(pods), least))
	case len(pods) < least:
		problems = append(problems, fmt.Errorf("%d pods are there, and autoscale.min is %d", len(pods), least))
	}
	for _, pod := range pods {
		switch has := container(pod, daprd) != nil; {
		case sidecar && !has:
			problems = append(problems, fmt.Errorf("pod %s has no sidecar; delete it, so that a new one gets it", pod.Name))
		case has && !sidecar:
			problems = append(problems, fmt.Errorf("pod %s has a sidecar; delete it, so that a new one has none", pod.Name))
		}
		for _, status := range slices.Concat(pod.Status.InitContainerStatuses, pod.Status.ContainerStatuses) {
			if !status.Ready {
				problems = append(problems, fmt.Errorf("container %s of pod %s is not ready", status.Name, pod.Name))
			}
		}
		if len(pod.Status.ContainerStatuses) == 0 {
			problems = append(problems, fmt.Errorf("pod %s has not started: %s", pod.Name, pod.Status.Phase))
		}
	}
	return errors.Join(problems...)
}

// container returns a container of a pod, or nil. A native sidecar is among the
// init containers.
func container(pod corev1.Pod, name string) *corev1.Container {
	for _, list := range [][]corev1.Container{pod.Spec.Containers, pod.Spec.InitContainers} {
		for i, c := range list {
			if c.Name == name {
				return &list[i]
			}
		}
	}
	return nil
}

func (v *verifier) metadataMatches(ctx context.Context, a config.App, pod string) error {
	m, err := v.metadata(ctx, pod)
	if err != nil {
		return err
	}
	var problems []error
	if m.ID != a.Sidecar.AppID {
		problems = append(problems, fmt.Errorf("pod %s: the sidecar calls itself %q, not %q", pod, m.ID, a.Sidecar.AppID))
	}
	if !v.rightVersion(m.RuntimeVersion) {
		problems = append(problems, fmt.Errorf("pod %s: the sidecar is of Dapr %s, the stack file says %s; delete the pod, so that a new one gets it",
			pod, m.RuntimeVersion, v.stack.Dapr.Version))
	}
	if m.App.Port != a.AppPort() {
		problems = append(problems, fmt.Errorf("pod %s: the sidecar calls its app on port %d, the stack file says %d", pod, m.App.Port, a.AppPort()))
	}
	health, err := v.get(ctx, pod, rules.SidecarPorts[0], "/v1.0/healthz")
	if err == nil && health.status >= 300 {
		err = fmt.Errorf("pod %s: the sidecar's health answers %d", pod, health.status)
	}
	return errors.Join(append(problems, err)...)
}

func (v *verifier) hasMetrics(ctx context.Context, a config.App, pod string) error {
	options := a.Sidecar.Options
	if !options.On(rules.OptionEnableMetrics) {
		return nil
	}
	port := options.Number(rules.OptionMetricsPort)
	metrics, err := v.get(ctx, pod, port, "/metrics")
	if err == nil && metrics.status != http.StatusOK {
		err = fmt.Errorf("pod %s: port %d answers %d to /metrics", pod, port, metrics.status)
	}
	return err
}

// metadata is what a sidecar reports about itself (Dapr's metadata API).
type metadata struct {
	ID             string
	RuntimeVersion string
	Components     []loadedComponent
	Subscriptions  []loadedSubscription
	Resiliencies   []struct{ Name string }
	App            struct{ Port int } `json:"appConnectionProperties"`
}

type loadedComponent struct{ Name, Type, Version string }

type loadedSubscription struct {
	PubSub     string `json:"pubsubname"`
	Topic      string
	DeadLetter string `json:"deadLetterTopic"`
	Rules      []struct{ Path string }
}

// sidecarMetadata returns what the sidecar of an app reports about itself.
func (v *verifier) sidecarMetadata(ctx context.Context, appID string) (metadata, error) {
	pod, err := v.podOf(ctx, appID)
	if err != nil {
		return metadata{}, err
	}
	return v.metadata(ctx, pod)
}

func (v *verifier) metadata(ctx context.Context, pod string) (metadata, error) {
	var m metadata
	said, err := v.get(ctx, pod, rules.SidecarPorts[0], "/v1.0/metadata")
	if err != nil {
		return m, err
	}
	if said.status != http.StatusOK {
		return m, fmt.Errorf("pod %s: the sidecar's metadata answers %d", pod, said.status)
	}
	if err := json.Unmarshal(said.body, &m); err != nil {
		return m, fmt.Errorf("pod %s: reading the sidecar's metadata: %w", pod, err)
	}
	return m, nil
}

// listens proves that the app listens on the port that the sidecar calls.
func (v *verifier) listens(ctx context.Context, a config.App) error {
	pods, err := v.pods(ctx, a)
	if err != nil {
		return err
	}
	var problems []error
	for _, pod := range pods {
		problems = append(problems, v.answers(ctx, pod.Name, a, a.AppPort()))
	}
	return errors.Join(problems...)
}

func (v *verifier) healthy(ctx context.Context, a config.App) error {
	pods, err := v.pods(ctx, a)
	if err != nil {
		return err
	}
	var problems []error
	for _, pod := range pods {
		problems = append(problems, v.reportsHealthy(ctx, pod.Name, a))
	}
	return errors.Join(problems...)
}

// environment proves that the containers have the variables with which the app
// finds the rest of the stack.
func (v *verifier) environment(ctx context.Context, a config.App, variables []config.Variable) error {
	pods, err := v.pods(ctx, a)
	if err != nil {
		return err
	}
	return sameVariables(pods, a, variables)
}

func sameVariables(pods []corev1.Pod, a config.App, variables []config.Variable) error {
	var problems []error
	for _, pod := range pods {
		has := map[string]string{}
		if c := container(pod, a.Name); c != nil {
			for _, e := range c.Env {
				has[e.Name] = e.Value
			}
		}
		for _, want := range variables {
			if value, ok := has[want.Name]; !ok || value != want.Value {
				problems = append(problems, fmt.Errorf("pod %s: variable %s is %q, not %q", pod.Name, want.Name, value, want.Value))
			}
		}
	}
	return errors.Join(problems...)
}

// pods returns the pods of an app, at least one unless it has no replicas.
func (v *verifier) pods(ctx context.Context, a config.App) ([]corev1.Pod, error) {
	least, fixed := a.Pods()
	switch {
	case a.Ends():
		return nil, skipped("the pods of the app run to their end")
	case fixed && least == 0:
		return nil, skipped("the app has no replicas")
	}
	pods, err := v.cluster.Pods(ctx, v.stack.Namespace, a.Name)
	if err == nil && len(pods) == 0 {
		if err = fmt.Errorf("no pod of %s is there", a.Name); least == 0 {
			err = skipped("the autoscaler of the app keeps no pod now")
		}
	}
	for _, pod := range pods {
		v.podApps.Store(pod.Name, a)
	}
	return pods, err
}

// podOf returns the name of a pod of the app with that app-id.
func (v *verifier) podOf(ctx context.Context, appID string) (string, error) {
	a, ok := v.stack.App(appID)
	if !ok {
		return "", fmt.Errorf("no app has the app-id %s", appID)
	}
	pods, err := v.pods(ctx, a)
	if err != nil {
		return "", err
	}
	return pods[0].Name, nil
}

// answer is the response to a request.
type answer struct {
	status int
	header http.Header
	body   []byte
}

// get sends a GET request to a port of a pod.
func (v *verifier) get(ctx context.Context, pod string, port int, path string) (answer, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://localhost:"+strconv.Itoa(port)+path, nil)
	if err != nil {
		return answer{}, err
	}
	return v.send(pod, port, req)
}

// answerTime bounds how long a response may take.
const answerTime = 15 * time.Second

// maxRead bounds how much of a response is read.
const maxRead = 8 << 20

// send sends a request to a port of a pod and reads the response.
func (v *verifier) send(pod string, port int, req *http.Request) (answer, error) {
	return v.sendBy(v.cluster.HTTP(v.stack.Namespace, pod, port), pod, port, req)
}

func (v *verifier) sendBy(client *http.Client, pod string, port int, req *http.Request) (answer, error) {
	ctx, cancel := context.WithTimeout(req.Context(), answerTime)
	defer cancel() // which also closes the connection
	token, err := v.token(ctx, pod, port)
	if err != nil {
		return answer{}, err
	}
	if token != "" {
		req.Header.Set(tokenHeader, token)
	}
	response, err := client.Do(req.WithContext(ctx))
	if err != nil {
		return answer{}, fmt.Errorf("pod %s, port %d: %w", pod, port, errors.Unwrap(err))
	}
	defer response.Body.Close()
	body, err := io.ReadAll(io.LimitReader(response.Body, maxRead))
	if err != nil {
		return answer{}, fmt.Errorf("pod %s, port %d: reading the answer: %w", pod, port, err)
	}
	return answer{response.StatusCode, response.Header, body}, nil
}

// sidecar sends a request to the sidecar of an app.
func (v *verifier) sidecar(ctx context.Context, appID string, req *http.Request) (answer, error) {
	pod, err := v.podOf(ctx, appID)
	if err != nil {
		return answer{}, err
	}
	return v.send(pod, rules.SidecarPorts[0], req)
}
