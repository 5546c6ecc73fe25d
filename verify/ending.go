package verify

import (
	"context"
	"errors"
	"fmt"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/daprstack/daprstack/config"
)

// endingChecks returns the checks of an app whose pods run to their end.
func (v *verifier) endingChecks(a config.App, variables []config.Variable) []check {
	all := []check{
		{entity: "app", rules: []string{"W-04"}, what: a.Name + ": its last Job has succeeded", prove: func(ctx context.Context) error { return v.succeeded(ctx, a) }},
		{entity: "app", rules: []string{"C-01"}, what: a.Name + ": it finds its peers, stores and topics by its variables", prove: func(ctx context.Context) error { return v.ranWith(ctx, a, variables) }},
	}
	if a.Sidecar != nil && *v.stack.Dapr.Enabled {
		all = append(all, check{entity: "sidecar", rules: []string{"S-11", "W-04"}, what: a.Sidecar.AppID + ": every pod has a sidecar, which ends with it",
			prove: func(ctx context.Context) error { return v.sidecarsEnd(ctx, a) }})
	}
	return all
}

// noJobYet says that there is nothing to look at.
func noJobYet(a config.App) error {
	if a.Kind == config.CronJobKind {
		return skipped("no Job has run yet, or none is kept")
	}
	return skipped("its Job is over and was removed")
}

// succeeded proves that a Job, or the newest Job of a CronJob that is over, did not fail.
func (v *verifier) succeeded(ctx context.Context, a config.App) error {
	jobs, err := v.jobs(ctx, a)
	if err != nil {
		return err
	}
	var newest *batchv1.Job
	for i, job := range jobs {
		over := condition(job, batchv1.JobComplete) || condition(job, batchv1.JobFailed)
		if over && (newest == nil || job.CreationTimestamp.After(newest.CreationTimestamp.Time)) {
			newest = &jobs[i]
		}
	}
	switch {
	case newest == nil && len(jobs) > 0 && a.Kind == config.JobKind && *a.Job.Wait:
		return fmt.Errorf("the Job %s is not over yet: %d pods run, %d have failed", a.Name, jobs[0].Status.Active, jobs[0].Status.Failed)
	case newest == nil && len(jobs) > 0:
		return skipped("its Job still runs")
	case newest == nil:
		return noJobYet(a)
	case condition(*newest, batchv1.JobFailed):
		return fmt.Errorf("the Job %s has failed: the logs of its pods say why", newest.Name)
	}
	return nil
}

func condition(job batchv1.Job, kind batchv1.JobConditionType) bool {
	for _, c := range job.Status.Conditions {
		if c.Type == kind && c.Status == corev1.ConditionTrue {
			return true
		}
	}
	return false
}

// jobs returns the Job of an app, or those that its CronJob has made and that are kept.
func (v *verifier) jobs(ctx context.Context, a config.App) ([]batchv1.Job, error) {
	batch := v.cluster.Kube.BatchV1()
	if a.Kind == config.CronJobKind {
		if _, err := batch.CronJobs(v.stack.Namespace).Get(ctx, a.Name, metav1.GetOptions{}); err != nil {
			return nil, fmt.Errorf("reading CronJob %s: %w", a.Name, err)
		}
	}
	list, err := batch.Jobs(v.stack.Namespace).List(ctx, metav1.ListOptions{LabelSelector: "app.kubernetes.io/name=" + a.Name})
	if err != nil {
		return nil, fmt.Errorf("listing the Jobs of %s: %w", a.Name, err)
	}
	if a.Kind == config.JobKind && len(list.Items) == 0 && a.Job.TTL == nil {
		return nil, apierrors.NewNotFound(batchv1.Resource("jobs"), a.Name)
	}
	return list.Items, nil
}

// ran returns the pods of an app that have run or run, and says if there is none.
func (v *verifier) ran(ctx context.Context, a config.App) ([]corev1.Pod, error) {
	pods, err := v.cluster.Pods(ctx, v.stack.Namespace, a.Name)
	if err == nil && len(pods) == 0 {
		err = noJobYet(a)
	}
	return pods, err
}

func (v *verifier) ranWith(ctx context.Context, a config.App, variables []config.Variable) error {
	pods, err := v.ran(ctx, a)
	if err != nil {
		return err
	}
	return sameVariables(pods, a, variables)
}

// sidecarsEnd proves that each pod had a sidecar, and that none goes on where the app
// has ended.
func (v *verifier) sidecarsEnd(ctx context.Context, a config.App) error {
	pods, err := v.ran(ctx, a)
	if err != nil {
		return err
	}
	var problems []error
	for _, pod := range pods {
		if container(pod, daprd) == nil {
			problems = append(problems, fmt.Errorf("pod %s has no sidecar; delete it, so that a new one gets it", pod.Name))
			continue
		}
		if pod.Status.Phase == corev1.PodRunning && ended(pod, a.Name) {
			problems = append(problems, fmt.Errorf("pod %s: the app has ended and the sidecar has not: set sidecar.nativeSidecar, or let the app post to /v1.0/shutdown", pod.Name))
		}
	}
	return errors.Join(problems...)
}

// ended reports whether a container of a pod is over.
func ended(pod corev1.Pod, name string) bool {
	for _, s := range pod.Status.ContainerStatuses {
		if s.Name == name {
			return s.State.Terminated != nil
		}
	}
	return false
}
