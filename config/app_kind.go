package config

import (
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/daprstack/daprstack/config/rules"
	"k8s.io/apimachinery/pkg/api/validate/content"
	"k8s.io/apimachinery/pkg/util/validation/field"
)

// The kinds of an app.
const (
	Deployment  = "Deployment"
	StatefulSet = "StatefulSet"
	JobKind     = "Job"
	CronJobKind = "CronJob"
)

// VolumeClaim is a volume of its own for each pod of a StatefulSet.
type VolumeClaim struct {
	// Name of the claim; that of a pod's claim is <name>-<app>-<number>. Required,
	// unique in the app.
	Name string `json:"name"`

	// Path is the directory at which the container has it. Required.
	Path string `json:"path"`

	// Storage is its size, a Kubernetes quantity. Default 1Gi.
	Storage string `json:"storage,omitzero"`

	// StorageClass of the volume. Default the cluster's default class.
	StorageClass string `json:"storageClass,omitzero"`

	// AccessModes of the volume. Default [ReadWriteOnce].
	AccessModes []string `json:"accessModes,omitzero"`
}

// Job is how a Job, or each Job of a CronJob, runs. A change of what its pods are
// replaces the Job: it runs again.
type Job struct {
	// Completions is how many pods have to succeed. Default 1.
	Completions *int `json:"completions,omitzero"`

	// Parallelism is how many pods run at a time. Default 1.
	Parallelism *int `json:"parallelism,omitzero"`

	// BackoffLimit is how often a pod that fails is tried again. Default 6.
	BackoffLimit *int `json:"backoffLimit,omitzero"`

	// RestartPolicy is Never, which tries again with a new pod and leaves the failed
	// one with its log, or OnFailure, which starts the container again. Default Never.
	RestartPolicy string `json:"restartPolicy,omitzero"`

	// ActiveDeadline is how long the Job may run, all tries together. Default none.
	ActiveDeadline *Duration `json:"activeDeadline,omitzero"`

	// TTL is how long a Job that is over is kept with its pods and their logs. Default
	// for ever, or until the Job is replaced.
	TTL *Duration `json:"ttl,omitzero"`

	// Wait makes up wait until the Job has succeeded, at most for ActiveDeadline or ten
	// minutes, and fail if it fails. It is for a Job alone. Default true.
	Wait *bool `json:"wait,omitzero"`
}

// CronJob is when the Jobs of a CronJob run.
type CronJob struct {
	// TimeZone of the schedule, such as Europe/Berlin. Default that of the cluster's
	// controller, mostly UTC.
	TimeZone string `json:"timeZone,omitzero"`

	// ConcurrencyPolicy is what happens when the Job before still runs: Allow, Forbid,
	// which leaves one out, or Replace, which ends it. Default Allow.
	ConcurrencyPolicy string `json:"concurrencyPolicy,omitzero"`

	// StartingDeadline is how late a Job may start, at least 10s. Default any time.
	StartingDeadline *Duration `json:"startingDeadline,omitzero"`

	// Suspend starts no further Job. Default false.
	Suspend bool `json:"suspend,omitzero"`

	// SuccessfulJobs is how many Jobs that succeeded are kept. Default 3.
	SuccessfulJobs *int `json:"successfulJobs,omitzero"`

	// FailedJobs is how many Jobs that failed are kept. Default 1.
	FailedJobs *int `json:"failedJobs,omitzero"`
}

// Ends reports whether the pods of an app run to their end.
func (a App) Ends() bool { return a.Kind == JobKind || a.Kind == CronJobKind }

// defaultKind fills in what depends on the kind of an app.
func defaultKind(a *App) {
	def(&a.Kind, Deployment)
	if !a.Ends() && a.Autoscale == nil {
		def(&a.Replicas, new(1))
	}
	for i := range a.VolumeClaims {
		def(&a.VolumeClaims[i].Storage, "1Gi")
		if a.VolumeClaims[i].AccessModes == nil {
			a.VolumeClaims[i].AccessModes = []string{"ReadWriteOnce"}
		}
	}
	if !a.Ends() {
		return
	}
	if a.Job == nil {
		a.Job = &Job{}
	}
	def(&a.Job.BackoffLimit, new(6))
	def(&a.Job.RestartPolicy, "Never")
	if a.Kind == JobKind {
		def(&a.Job.Wait, new(true))
		return
	}
	if a.CronJob == nil {
		a.CronJob = &CronJob{}
	}
	def(&a.CronJob.ConcurrencyPolicy, "Allow")
}

// kind checks what an app is, and the keys that only one kind has (W-03, W-04).
func (v *validator) kind(path *field.Path, a App) {
	v.oneOf(path.Child("kind"), a.Kind, Deployment, StatefulSet, JobKind, CronJobKind)
	only := func(rule, kind string, given map[string]bool) {
		for _, key := range slices.Sorted(maps.Keys(given)) {
			if given[key] {
				v.add(path.Child(key), nil, broken(rule, "must not be given without kind: "+kind), path.Child("kind").String())
			}
		}
	}
	if a.Kind == StatefulSet {
		v.statefulSet(path, a)
	} else {
		only("W-03", StatefulSet, map[string]bool{"volumeClaims": a.VolumeClaims != nil, "podManagementPolicy": a.PodManagementPolicy != ""})
	}
	if a.Ends() {
		v.job(path, a)
	} else {
		only("W-04", "Job or CronJob", map[string]bool{"job": a.Job != nil})
	}
	if a.Kind == CronJobKind {
		v.cronJob(path, a)
	} else {
		only("W-04", CronJobKind, map[string]bool{"schedule": a.Schedule != "", "cronJob": a.CronJob != nil})
	}
}

// maxStatefulSet leaves room for the number of a pod, and for the hash in the label of
// its revision.
const maxStatefulSet = 52

func (v *validator) statefulSet(path *field.Path, a App) {
	if len(a.Name) > maxStatefulSet {
		v.add(path.Child("name"), a.Name, broken("W-03", "must have at most 52 characters for a StatefulSet: the names of its pods and revisions are longer"), path.Child("kind").String())
	}
	v.oneOf(path.Child("podManagementPolicy"), a.PodManagementPolicy, "OrderedReady", "Parallel")
	names, paths := rules.Names{}, rules.NamesOf(a.WritablePaths...)
	if a.Sidecar != nil {
		for name := range a.Sidecar.SecretVolumes {
			names[name] = true
		}
	}
	for i, c := range a.VolumeClaims {
		at := path.Child("volumeClaims").Index(i)
		switch {
		case !valid(content.IsDNS1123Label, c.Name):
			v.form(at.Child("name"), c.Name, "must be a DNS-1123 label, at most 63 characters")
		case names[c.Name]:
			v.form(at.Child("name"), c.Name, "must be unique among the volumes of the app")
		case strings.HasPrefix(c.Name, "writable-") || strings.HasPrefix(c.Name, "dapr-"):
			v.form(at.Child("name"), c.Name, "must not be named as volumes of the stack and of Dapr are, writable-… and dapr-…")
		}
		switch {
		case len(c.Path) < 2 || c.Path[0] != '/' || strings.Contains(c.Path, ":"):
			v.form(at.Child("path"), c.Path, "must be an absolute directory, without a colon")
		case paths[c.Path]:
			v.form(at.Child("path"), c.Path, "must be unique in the app", path.Child("writablePaths").String())
		}
		names[c.Name], paths[c.Path] = true, true
		v.quantity(at.Child("storage"), c.Storage)
		v.storageClass(at.Child("storageClass"), c.StorageClass)
		for j, mode := range c.AccessModes {
			v.choice(at.Child("accessModes").Index(j), mode, "ReadWriteOnce", "ReadWriteOncePod", "ReadWriteMany", "ReadOnlyMany")
		}
	}
}

// The longest names: pods of a Job get a suffix of 6 characters, Jobs of a CronJob one
// of 11.
const (
	maxJob     = 57
	maxCronJob = 52
)

func (v *validator) job(path *field.Path, a App) {
	j, at := a.Job, path.Child("job")
	longest := maxJob
	if a.Kind == CronJobKind {
		longest = maxCronJob
		if j.Wait != nil {
			v.add(at.Child("wait"), *j.Wait, broken("W-04", "must not be given for a CronJob, whose Jobs run later"), path.Child("kind").String())
		}
	}
	if len(a.Name) > longest {
		v.add(path.Child("name"), a.Name, broken("W-04", "is too long for a "+a.Kind+": the names of its pods are longer"), path.Child("kind").String())
	}
	v.optionalCount(at.Child("completions"), j.Completions, 1)
	v.optionalCount(at.Child("parallelism"), j.Parallelism, 1)
	v.optionalCount(at.Child("backoffLimit"), j.BackoffLimit, 0)
	v.oneOf(at.Child("restartPolicy"), j.RestartPolicy, "Never", "OnFailure")
	v.optionalSeconds(at.Child("activeDeadline"), j.ActiveDeadline, 1)
	v.optionalSeconds(at.Child("ttl"), j.TTL, 0)
	if a.Service != nil || a.Ingress != nil || a.HTTPRoute != nil {
		v.notForJobs(path, a, map[string]bool{"service": a.Service != nil, "ingress": a.Ingress != nil, "httpRoute": a.HTTPRoute != nil})
	}
}

// notForJobs refuses keys that mean nothing for pods that run to their end.
func (v *validator) notForJobs(path *field.Path, a App, given map[string]bool) {
	for _, key := range slices.Sorted(maps.Keys(given)) {
		if given[key] {
			v.add(path.Child(key), nil, broken("W-04", "must not be given for a "+a.Kind+", whose pods run to their end"), path.Child("kind").String())
		}
	}
}

func (v *validator) cronJob(path *field.Path, a App) {
	c, at := a.CronJob, path.Child("cronJob")
	if a.Schedule == "" {
		v.add(path.Child("schedule"), nil, broken("W-04", `is required for a CronJob, such as "0 2 * * *"`))
	} else {
		v.add(path.Child("schedule"), a.Schedule, rules.Schedule(a.Schedule))
	}
	if c.TimeZone != "" {
		v.add(at.Child("timeZone"), c.TimeZone, rules.TimeZone(c.TimeZone))
	}
	v.oneOf(at.Child("concurrencyPolicy"), c.ConcurrencyPolicy, "Allow", "Forbid", "Replace")
	if c.StartingDeadline != nil {
		v.seconds(at.Child("startingDeadline"), *c.StartingDeadline, 10, maxSeconds) // with less the controller misses them
	}
	v.optionalCount(at.Child("successfulJobs"), c.SuccessfulJobs, 0)
	v.optionalCount(at.Child("failedJobs"), c.FailedJobs, 0)
}

// maxSeconds is the longest time that an object of Kubernetes takes.
const maxSeconds = 1<<31 - 1

// jobs finds sidecars that go on running when the container of a Job has ended.
func (w *warner) jobs() {
	for i, a := range w.stack.Apps {
		if a.Ends() && a.Sidecar != nil && *w.stack.Dapr.Enabled && !a.Sidecar.Options.On(rules.OptionNativeSidecar) {
			w.warn("W-04", root("apps").Index(i).Child("sidecar", rules.OptionNativeSidecar), nil,
				"is not true: the sidecar goes on when the app has ended, and the Job never does, unless the app posts to /v1.0/shutdown of its sidecar")
		}
	}
}

// optionalCount checks a number that may be left out.
func (v *validator) optionalCount(path *field.Path, n *int, least int) {
	if n != nil {
		v.count(path, *n, least)
	}
}

func (v *validator) optionalSeconds(path *field.Path, d *Duration, least int) {
	if d != nil {
		v.seconds(path, *d, least, maxSeconds)
	}
}

// seconds checks a duration that Kubernetes takes as whole seconds.
func (v *validator) seconds(path *field.Path, d Duration, least, most int) {
	n := int(d.Seconds())
	switch {
	case d.Duration%time.Second != 0:
		v.form(path, d.String(), "must be whole seconds")
	case n < least || n > most:
		allowed := "must be at least " + (time.Duration(least) * time.Second).String()
		if most < maxSeconds {
			allowed += " and at most " + (time.Duration(most) * time.Second).String()
		}
		v.form(path, d.String(), allowed)
	}
}
