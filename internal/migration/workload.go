package migration

import (
	"slices"
	"strings"
	"time"

	"github.com/daprstack/daprstack/config"
)

// workloads returns the objects that an app of a stack can be made of.
func (c *converter) workloads() (all []Object) {
	for _, kind := range []string{"Deployment.apps", "StatefulSet.apps", "Job.batch", "CronJob.batch"} {
		for _, o := range c.of(kind) {
			if sidecar(o) {
				all = append(all, o)
			}
		}
	}
	return all
}

// runs takes over what an object says of its pods besides the template.
func (c *converter) runs(o Object, spec part, a *config.App) {
	switch o.Kind() {
	case "StatefulSet":
		a.Kind = config.StatefulSet
		c.replicas(o, spec, a)
		c.claims(spec, a)
		spec.drop("serviceName", "selector", "template", "persistentVolumeClaimRetentionPolicy")
		if policy := spec.text("podManagementPolicy"); policy != "OrderedReady" {
			a.PodManagementPolicy = policy
		}
		if getText(spec.fields, "updateStrategy", "type") == "RollingUpdate" && textOf(get(spec.fields, "updateStrategy", "rollingUpdate", "partition")) != "" {
			if n, _ := whole(get(spec.fields, "updateStrategy", "rollingUpdate", "partition")); n == 0 {
				spec.drop("updateStrategy")
			}
		}
		spec.expect(map[string]any{"revisionHistoryLimit": 10})
	case "Job":
		a.Kind = config.JobKind
		a.Job = c.job(spec)
	case "CronJob":
		a.Kind = config.CronJobKind
		c.cronJob(spec, a)
	default:
		c.replicas(o, spec, a)
		spec.drop("selector", "template") // the stack's own; see the plan
		spec.expect(deploymentDefaults)
		c.strategy(spec)
	}
	spec.rest(specAdvice)
}

// replicas takes over the number of pods, unless an autoscaler sets it.
func (c *converter) replicas(o Object, spec part, a *config.App) {
	if n, given := spec.number("replicas"); given {
		a.Replicas = &n
	}
	for _, scaler := range c.of("HorizontalPodAutoscaler.autoscaling") {
		if ref := get(scaler.Fields, "spec", "scaleTargetRef"); getText(ref, "kind") == o.Kind() && getText(ref, "name") == o.Name() {
			a.Replicas = nil
			c.autoscaler(scaler, a)
		}
	}
	for _, scaler := range c.of("ScaledObject.keda.sh") {
		ref := get(scaler.Fields, "spec", "scaleTargetRef")
		if kind := getText(ref, "kind"); getText(ref, "name") == o.Name() && (kind == "" || kind == o.Kind()) {
			a.Replicas, a.Autoscale = nil, &config.Autoscale{External: true} // it goes on beside the stack
		}
	}
	for _, budget := range c.of("PodDisruptionBudget.policy") {
		if selects(Object{Fields: map[string]any{"spec": map[string]any{"selector": get(budget.Fields, "spec", "selector", "matchLabels")}}}, o) {
			c.budgetOf(budget, a)
		}
	}
}

// autoscaler takes over a HorizontalPodAutoscaler that looks at nothing but the use of
// CPU and memory. Any other goes on beside the stack.
func (c *converter) autoscaler(o Object, a *config.App) {
	p := c.part(o)
	p.metadata().rest(nil)
	spec := p.below("spec")
	auto := &config.Autoscale{}
	if n, given := spec.number("minReplicas"); given {
		auto.Min = &n
	}
	if n, given := spec.number("maxReplicas"); given {
		auto.Max = &n
	}
	if n, given := spec.number("targetCPUUtilizationPercentage"); given { // autoscaling/v1
		auto.CPU = &n
	}
	for _, m := range spec.items("metrics") {
		resource := m.below("resource")
		n, percent := whole(get(resource.fields, "target", "averageUtilization"))
		switch name := getText(resource.fields, "name"); {
		case percent && name == "cpu":
			auto.CPU = &n
		case percent && name == "memory":
			auto.Memory = &n
		default:
			a.Autoscale = &config.Autoscale{External: true}
			m.differ("type", m.fields["type"], advice{"the stack file has no key for this metric; the autoscaler goes on beside the stack, which leaves the replicas to it", ""})
			return
		}
	}
	spec.drop("scaleTargetRef")
	spec.rest(map[string]advice{"behavior": {"how fast it scales is written in another form", "write it into autoscale.behavior"}})
	a.Autoscale = auto
	c.use(o)
}

// use notes that the stack has an object that others would leave aside.
func (c *converter) use(o Object) {
	if c.used == nil {
		c.used = map[string]bool{}
	}
	c.used[o.group()+" "+o.Key()] = true
}

func (c *converter) budgetOf(o Object, a *config.App) {
	p := c.part(o)
	p.metadata().rest(nil)
	spec := p.below("spec")
	a.Disruption = &config.Disruption{
		MaxUnavailable: config.IntOrText(spec.text("maxUnavailable")), MinAvailable: config.IntOrText(spec.text("minAvailable")),
	}
	spec.drop("selector", "unhealthyPodEvictionPolicy")
	spec.rest(nil)
	c.use(o)
	if o.Name() != a.Name {
		c.replaced = append(c.replaced, replacement{o.Key(), "apps/" + a.Name})
	}
}

// claims takes over the volumes of a StatefulSet, whose data stays where the name and
// the claims stay.
func (c *converter) claims(spec part, a *config.App) {
	for _, t := range spec.items("volumeClaimTemplates") {
		metadata, claim := t.below("metadata"), t.below("spec")
		one := config.VolumeClaim{
			Name: metadata.text("name"), Storage: textOf(get(claim.fields, "resources", "requests", "storage")),
			StorageClass: claim.text("storageClassName"), AccessModes: claim.texts("accessModes"),
		}
		claim.drop("resources")
		claim.expect(map[string]any{"volumeMode": "Filesystem"})
		claim.rest(nil)
		a.VolumeClaims = append(a.VolumeClaims, one)
	}
}

// mountClaims finds where the container has the volumes of the claims.
func (c *converter) mountClaims(main part, a *config.App) {
	mounts, _ := main.fields["volumeMounts"].([]any)
	for i := range a.VolumeClaims {
		for j, m := range mounts {
			if getText(m, "name") == a.VolumeClaims[i].Name {
				a.VolumeClaims[i].Path = getText(m, "mountPath")
				mounts = slices.Delete(slices.Clone(mounts), j, j+1)
				break
			}
		}
	}
	if len(a.VolumeClaims) > 0 {
		main.fields["volumeMounts"] = mounts
	}
}

func (c *converter) job(spec part) *config.Job {
	j := &config.Job{}
	for key, into := range map[string]**int{"completions": &j.Completions, "parallelism": &j.Parallelism, "backoffLimit": &j.BackoffLimit} {
		if n, given := spec.number(key); given {
			*into = &n
		}
	}
	for key, into := range map[string]**config.Duration{"activeDeadlineSeconds": &j.ActiveDeadline, "ttlSecondsAfterFinished": &j.TTL} {
		if n, given := spec.number(key); given {
			*into = &config.Duration{Duration: time.Duration(n) * time.Second}
		}
	}
	j.RestartPolicy = getText(get(spec.fields, "template"), "spec", "restartPolicy")
	spec.drop("template", "selector")
	spec.expect(map[string]any{"completionMode": "NonIndexed", "suspend": false, "manualSelector": false, "podReplacementPolicy": "TerminatingOrFailed"})
	return j
}

func (c *converter) cronJob(spec part, a *config.App) {
	cron := &config.CronJob{TimeZone: spec.text("timeZone"), ConcurrencyPolicy: spec.text("concurrencyPolicy")}
	a.Schedule, a.CronJob = spec.text("schedule"), cron
	cron.Suspend = spec.take("suspend") == true
	for key, into := range map[string]**int{"successfulJobsHistoryLimit": &cron.SuccessfulJobs, "failedJobsHistoryLimit": &cron.FailedJobs} {
		if n, given := spec.number(key); given {
			*into = &n
		}
	}
	if n, given := spec.number("startingDeadlineSeconds"); given {
		cron.StartingDeadline = &config.Duration{Duration: time.Duration(n) * time.Second}
	}
	template := spec.below("jobTemplate")
	template.below("metadata").drop("labels", "annotations", "creationTimestamp")
	inner := template.below("spec")
	a.Job = c.job(inner)
	inner.rest(specAdvice)
}

// ingresses takes over an Ingress that leads to a Service of the app alone, with the
// same paths under each host.
func (c *converter) ingresses(a *config.App, services []string) {
	for _, o := range c.of("Ingress.networking.k8s.io") {
		spec := get(o.Fields, "spec")
		rules, _ := get(spec, "rules").([]any)
		if a.Ingress != nil || len(rules) == 0 || get(spec, "defaultBackend") != nil {
			continue
		}
		i := &config.Ingress{ClassName: getText(spec, "ingressClassName")}
		same := true
		for n, rule := range rules {
			var paths []string
			list, _ := get(rule, "http", "paths").([]any)
			for _, path := range list {
				service := get(path, "backend", "service")
				kind := getText(path, "pathType")
				same = same && slices.Contains(services, getText(service, "name")) && (i.PathType == "" || i.PathType == kind)
				i.PathType = kind
				paths = append(paths, getText(path, "path"))
			}
			same = same && (n == 0 || slices.Equal(paths, i.Paths))
			i.Paths = paths
			if host := getText(rule, "host"); host != "" {
				i.Hosts = append(i.Hosts, host)
			}
		}
		tls, _ := get(spec, "tls").([]any)
		if !same || len(tls) > 1 || len(i.Paths) == 0 {
			continue // others says that it stays
		}
		if len(tls) == 1 {
			i.TLSSecret = getText(tls[0], "secretName")
		}
		p := c.part(o)
		i.Annotations = ownAnnotations(p)
		a.Ingress = i
		c.use(o)
		if o.Name() != a.Name {
			c.replaced = append(c.replaced, replacement{o.Key(), "apps/" + a.Name})
		}
	}
}

// ownAnnotations takes the annotations that are not the engine's, nil for none.
func ownAnnotations(p part) map[string]string {
	fields, _ := get(p.fields, "metadata", "annotations").(map[string]any)
	var own map[string]string
	for key, value := range fields {
		if strings.HasPrefix(key, "pulumi.com/") || strings.HasPrefix(key, "daprstack.io/") {
			continue
		}
		if own == nil {
			own = map[string]string{}
		}
		own[key] = textOf(value)
		delete(fields, key)
	}
	return own
}
