package migration

import (
	"slices"

	"github.com/daprstack/daprstack/config"
	"github.com/daprstack/daprstack/config/rules"
)

// apps takes over the workloads with a sidecar.
func (c *converter) apps() {
	for _, o := range c.workloads() {
		before := len(c.notes)
		if !c.app(o) {
			c.notes = slices.Concat(c.notes[:before], c.notes[len(c.notes)-1:]) // the last one says why
		}
	}
	slices.Sort(c.stack.ImagePullSecrets)
	c.stack.ImagePullSecrets = slices.Compact(c.stack.ImagePullSecrets)
}

var (
	specAdvice = map[string]advice{
		"strategy":                {"the stack's Deployments roll as Kubernetes does it by default", ""},
		"minReadySeconds":         {"the stack file has no key for it", ""},
		"progressDeadlineSeconds": {"the stack file has no key for it", ""},
		"revisionHistoryLimit":    {"the stack file has no key for it", ""},
	}
	podAdvice = map[string]advice{
		"securityContext": hardenedAdvice, "hostNetwork": hardenedAdvice, "hostPID": hardenedAdvice, "hostIPC": hardenedAdvice,
	}
	hardenedAdvice     = advice{"the pods of a stack are hardened", "write it into podPatch if the app needs it"}
	deploymentDefaults = map[string]any{"revisionHistoryLimit": 10, "progressDeadlineSeconds": 600}
	podDefaults        = map[string]any{
		"restartPolicy": "Always", "dnsPolicy": "ClusterFirst", "schedulerName": "default-scheduler", "terminationGracePeriodSeconds": 30,
		"automountServiceAccountToken": false, "enableServiceLinks": false,
	}
	containerDefaults = map[string]any{"terminationMessagePath": "/dev/termination-log", "terminationMessagePolicy": "File"}
)

// app takes over one Deployment. It reports false if a stack cannot run it.
func (c *converter) app(o Object) bool {
	p := c.part(o)
	a := config.App{Name: o.Name(), Sidecar: &config.Sidecar{Options: rules.SidecarOptions{}}}
	p.metadata().rest(nil)
	spec := p.below("spec")
	c.runs(o, spec, &a)

	above := c.part(o).below("spec")
	if o.Kind() == "CronJob" {
		above = above.below("jobTemplate").below("spec")
	}
	template := above.below("template")
	pod := template.below("spec")
	containers := pod.items("containers")
	main := mainContainer(containers, template)
	if main == nil {
		c.note(Note{Lost, p.object, "spec.template.spec.containers", "", "there is no container", ""})
		return false
	}
	for _, other := range containers {
		if other.path != main.path {
			a.Containers = append(a.Containers, c.beside(other))
		}
	}
	c.sidecar(template.below("metadata"), *main, &a)
	if a.Image = main.text("image"); a.Image == "" || rules.Placeholder(a.Image) {
		c.note(Note{Lost, p.object, main.at("image"), a.Image, "an app needs an image", "write it into the Deployment first"})
		return false
	}
	c.mountClaims(*main, &a)
	if a.Ends() {
		pod.drop("restartPolicy") // of the Job
	}
	c.platformUser(pod, *main)
	c.pod(pod, *main, &a)
	c.container(*main, &a)
	c.services(o, &a)
	c.stack.Apps = append(c.stack.Apps, a)
	c.origin["apps/"+a.Name] = p.object
	return true
}

// strategy drops the strategy that every Deployment has by default.
func (c *converter) strategy(spec part) {
	if text := getText(spec.fields, "strategy", "type"); text == "RollingUpdate" {
		if update := get(spec.fields, "strategy", "rollingUpdate"); update == nil ||
			textOf(get(update, "maxSurge")) == "25%" && textOf(get(update, "maxUnavailable")) == "25%" {
			spec.drop("strategy")
		}
	}
}

// mainContainer returns the container that the sidecar calls: the one with its
// app-port, else the first.
func mainContainer(containers []part, template part) *part {
	port, _ := whole(get(template.fields, "metadata", "annotations", "dapr.io/app-port"))
	for i, one := range containers {
		ports, _ := one.fields["ports"].([]any)
		for _, p := range ports {
			if n, ok := whole(get(p, "containerPort")); ok && n == port {
				return &containers[i]
			}
		}
	}
	if len(containers) == 0 {
		return nil
	}
	return &containers[0]
}

// pod takes over what the pod of an app says.
func (c *converter) pod(pod, main part, a *config.App) {
	for _, secret := range pod.items("imagePullSecrets") {
		c.stack.ImagePullSecrets = append(c.stack.ImagePullSecrets, secret.text("name"))
	}
	pod.expect(podDefaults)
	c.serviceAccount(pod, a)
	security := pod.below("securityContext")
	security.expect(map[string]any{"runAsNonRoot": true})
	c.user(security, a)
	seccomp(security)
	kept := security.pick("fsGroup", "fsGroupChangePolicy", "supplementalGroups", "runAsGroup")
	security.rest(podAdvice)
	c.volumes(pod, main, a)
	c.placement(pod, a)
	spec := pod.pick("hostname", "subdomain", "setHostnameAsFQDN", "runtimeClassName", "schedulerName", "shareProcessNamespace", "readinessGates",
		"enableServiceLinks", "preemptionPolicy", "overhead", "os")
	if len(kept) > 0 {
		spec["securityContext"] = map[string]any(kept)
	}
	if len(spec) > 0 {
		a.PodPatch = config.Manifest{"spec": map[string]any(spec)}
	}
	pod.rest(podAdvice)
}

// seccomp drops the profile that every pod of a stack has.
func seccomp(security part) {
	if getText(security.fields, "seccompProfile", "type") == "RuntimeDefault" {
		security.drop("seccompProfile")
	}
}

// platformUser leaves the user to the image or the cluster, as a pod does that only asks
// for one that is not root.
func (c *converter) platformUser(pod, main part) {
	nonRoot := false
	for _, fields := range []map[string]any{pod.fields, main.fields} {
		if get(fields, "securityContext", "runAsUser") != nil {
			return
		}
		nonRoot = nonRoot || get(fields, "securityContext", "runAsNonRoot") == true
	}
	c.stack.PlatformUsers = c.stack.PlatformUsers || nonRoot
}

func (c *converter) user(security part, a *config.App) {
	n, given := security.number("runAsUser")
	switch {
	case !given:
	case n < 1:
		security.lose("runAsUser", n, advice{"no app of a stack runs as root", "build the image for another user, and set user"})
	default:
		a.User = &n
	}
}

// container takes over what the container of an app says.
func (c *converter) container(p part, a *config.App) {
	p.drop("name")
	p.expect(containerDefaults)
	if policy := p.text("imagePullPolicy"); policy != "" {
		a.ImagePullPolicy = policy
	}
	c.arguments(p, a)
	c.resources(p, a)
	c.probes(p, a)
	c.env(p, a)
	a.EnvFrom = p.manifests("envFrom")
	if hooks := p.below("lifecycle"); len(hooks.fields) > 0 {
		a.Lifecycle = hooks.manifest()
	}
	security := p.below("securityContext")
	security.expect(map[string]any{"allowPrivilegeEscalation": false, "runAsNonRoot": true, "privileged": false})
	readOnly := security.take("readOnlyRootFilesystem") == true
	c.user(security, a)
	if drop := security.below("capabilities"); textOf(drop.fields["drop"]) != `["ALL"]` || drop.fields["add"] != nil {
		drop.rest(nil)
	}
	seccomp(security)
	security.rest(nil)
	if a.User == nil && !c.stack.PlatformUsers {
		p.differ("securityContext.runAsUser", nil, advice{"no user is named, and the stack runs the image as user 65532", "set user if the image needs another one; root is refused"})
	}
	patch := p.pick("workingDir", "stdin", "stdinOnce", "tty", "terminationMessagePath", "terminationMessagePolicy", "volumeDevices", "resizePolicy")
	c.patchContainer(a, patch)
	if !readOnly {
		p.differ("securityContext.readOnlyRootFilesystem", nil, advice{"the root file system of an app is read-only in a stack", "list the directories that it writes to in writablePaths"})
	}
	p.rest(nil)
}

func (c *converter) arguments(p part, a *config.App) {
	for key, into := range map[string]*[]string{"command": &a.Command, "args": &a.Args} {
		texts := p.texts(key)
		if slices.ContainsFunc(texts, secretText) {
			p.c.note(Note{ToFill, p.object, p.at(key), "", "they seem to hold a secret, which is never copied", "read it from secretEnv, or give " + key + " as a Pulumi secret"})
			continue
		}
		*into = texts
	}
}

func (c *converter) resources(p part, a *config.App) {
	resources := p.below("resources")
	a.Resources = config.Resources{Requests: quantities(resources.below("requests")), Limits: quantities(resources.below("limits"))}
	resources.rest(nil)
	if _, limited := a.Resources.Limits["memory"]; !limited {
		p.differ("resources.limits.memory", nil, advice{"none is given, and the stack sets 128Mi", "set resources.limits.memory to what the app needs"})
	}
}

func quantities(p part) (all map[string]string) {
	for _, key := range []string{"cpu", "memory", "ephemeral-storage"} {
		if text := p.text(key); text != "" {
			if all == nil {
				all = map[string]string{}
			}
			all[key] = text
		}
	}
	p.rest(nil)
	return all
}
