package migration

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/daprstack/daprstack/config"
	"github.com/daprstack/daprstack/config/rules"
)

// apps takes over the Deployments with a sidecar.
func (c *converter) apps() {
	for _, o := range c.of("Deployment.apps") {
		before := len(c.notes)
		if sidecar(o) && !c.app(o) {
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
		"initContainers":                {"the pod of an app has one container", "do it in the image, or in a Job beside the stack"},
		"volumes":                       {"an app has only writable directories, and Secrets for its sidecar", "read settings from env and secretEnv"},
		"serviceAccountName":            {"an app has a ServiceAccount of its own, without a token", "leave an app that calls the API of Kubernetes beside the stack"},
		"serviceAccount":                {"an app has a ServiceAccount of its own, without a token", ""},
		"automountServiceAccountToken":  {"the pods of a stack have no token of Kubernetes", "leave an app that calls the API of Kubernetes beside the stack"},
		"terminationGracePeriodSeconds": {"the pods of a stack have 30 seconds to end", ""},
		"securityContext":               {"the pods of a stack are hardened, and only the user can be chosen", ""},
		"hostNetwork":                   {"the pods of a stack are hardened", "leave this app beside the stack"},
		"hostPID":                       {"the pods of a stack are hardened", "leave this app beside the stack"},
	}
	containerAdvice = map[string]advice{
		"command":      {"the stack runs the command of the image", "set it as the ENTRYPOINT of the image; its arguments can stand in args"},
		"workingDir":   {"the stack runs the image in its own folder", "set WORKDIR in the image"},
		"envFrom":      {"a stack names every variable", "write them into env and secretEnv"},
		"lifecycle":    {"the stack file has no key for it", "sidecar.blockShutdown keeps daprd serving while the app ends"},
		"startupProbe": {"the stack has a readiness and a liveness probe, with timings of its own", ""},
	}
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
	if n, given := spec.number("replicas"); given {
		a.Replicas = &n
	}
	spec.drop("selector", "template") // the stack's own; see the plan
	spec.expect(deploymentDefaults)
	c.strategy(spec)
	spec.rest(specAdvice)

	template := c.part(o).below("spec").below("template")
	pod := template.below("spec")
	containers := pod.items("containers")
	main := mainContainer(containers, template)
	if main == nil {
		c.note(Note{Lost, p.object, "spec.template.spec.containers", "", "there is no container", ""})
		return false
	}
	for _, other := range containers {
		if other.path != main.path {
			c.note(Note{Lost, p.object, other.path, other.text("image"), "the pod of an app has one container", "run it as an app of its own, or leave this Deployment beside the stack"})
		}
	}
	if !c.sidecar(template.below("metadata"), pod, *main, &a) {
		return false
	}
	if a.Image = main.text("image"); a.Image == "" || rules.Placeholder(a.Image) {
		c.note(Note{Lost, p.object, main.at("image"), a.Image, "an app needs an image", "write it into the Deployment first"})
		return false
	}
	c.pod(pod, *main, &a)
	c.container(*main, &a)
	c.services(o, p, &a)
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
	if name := getText(pod.fields, "serviceAccountName"); name == a.Name || name == "default" {
		pod.drop("serviceAccountName", "serviceAccount")
	}
	if text := getText(pod.fields, "serviceAccountName"); text != "" && text == getText(pod.fields, "serviceAccount") {
		pod.drop("serviceAccount")
	}
	security := pod.below("securityContext")
	security.expect(map[string]any{"runAsNonRoot": true})
	c.user(security, a)
	seccomp(security)
	security.rest(nil)
	c.volumes(pod, main, a)
	pod.rest(podAdvice)
}

// seccomp drops the profile that every pod of a stack has.
func seccomp(security part) {
	if getText(security.fields, "seccompProfile", "type") == "RuntimeDefault" {
		security.drop("seccompProfile")
	}
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

// volumes takes over the empty directories that the container writes to, and the
// Secrets that the sidecar reads.
func (c *converter) volumes(pod, main part, a *config.App) {
	list, _ := pod.fields["volumes"].([]any)
	mounts, _ := main.fields["volumeMounts"].([]any)
	read, written := a.Sidecar.Options.Map(rules.OptionVolumeMounts), a.Sidecar.Options.Map(rules.OptionVolumeMountsRW)
	var left []any
	taken := map[string]bool{}
	for _, v := range list {
		name := getText(v, "name")
		_, mounted := read[name]
		_, rw := written[name]
		secret := wholeSecret(v)
		scratch, scratched := get(v, "emptyDir").(map[string]any)
		at := mountsOf(mounts, name)
		switch {
		case secret != "" && (mounted || rw) && len(at) == 0:
			if a.Sidecar.SecretVolumes == nil {
				a.Sidecar.SecretVolumes = map[string]string{}
			}
			a.Sidecar.SecretVolumes[name] = secret
		case scratched && len(scratch) == 0 && len(at) == 1 && !mounted && !rw:
			a.WritablePaths = append(a.WritablePaths, at[0])
			taken[name] = true
		case scratched && len(scratch) == 0 && len(at) == 1:
			volume := rules.WritableVolume(len(a.WritablePaths))
			a.WritablePaths = append(a.WritablePaths, at[0])
			for _, m := range []map[string]string{read, written} {
				if path, ok := m[name]; ok {
					delete(m, name)
					m[volume] = path
				}
			}
			taken[name] = true
		default:
			left = append(left, v)
		}
	}
	pod.fields["volumes"] = left
	main.fields["volumeMounts"] = slices.DeleteFunc(slices.Clone(mounts), func(m any) bool { return taken[getText(m, "name")] })
	if len(left) > 0 {
		delete(main.fields, "volumeMounts") // said with the volumes
	}
}

// wholeSecret returns the Secret of which a volume holds every key, if it is one.
func wholeSecret(volume any) string {
	fields, _ := get(volume, "secret").(map[string]any)
	for key := range fields {
		if key != "secretName" && key != "defaultMode" {
			return ""
		}
	}
	return getText(fields, "secretName")
}

// mountsOf returns the paths at which a container mounts a volume.
func mountsOf(mounts []any, volume string) (paths []string) {
	for _, m := range mounts {
		if getText(m, "name") == volume {
			path := getText(m, "mountPath")
			if get(m, "subPath") != nil || get(m, "readOnly") == true {
				path = "" // another use
			}
			paths = append(paths, path)
		}
	}
	if slices.Contains(paths, "") {
		return nil
	}
	return paths
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
	security := p.below("securityContext")
	security.expect(map[string]any{"allowPrivilegeEscalation": false, "runAsNonRoot": true, "privileged": false})
	readOnly := security.take("readOnlyRootFilesystem") == true
	c.user(security, a)
	if drop := security.below("capabilities"); textOf(drop.fields["drop"]) != `["ALL"]` || drop.fields["add"] != nil {
		drop.rest(nil)
	}
	seccomp(security)
	security.rest(nil)
	if a.User == nil {
		p.differ("securityContext.runAsUser", nil, advice{"no user is named, and the stack runs the image as user 65532", "set user if the image needs another one; root is refused"})
	}
	if !readOnly {
		p.differ("securityContext.readOnlyRootFilesystem", nil, advice{"the root file system of an app is read-only in a stack", "list the directories that it writes to in writablePaths"})
	}
	p.rest(containerAdvice)
}

func (c *converter) arguments(p part, a *config.App) {
	args := p.texts("args")
	if slices.ContainsFunc(args, secretText) {
		p.c.note(Note{ToFill, p.object, p.at("args"), "", "they seem to hold a secret, which is never copied", "read it from secretEnv, or give args as a Pulumi secret"})
		return
	}
	a.Args = args
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

// probes takes over the path of the probes.
func (c *converter) probes(p part, a *config.App) {
	plain := !slices.Contains([]string{"grpc", "grpcs", "h2c"}, a.Sidecar.Options.Text(rules.OptionAppProtocol))
	given := false
	for _, key := range []string{"readinessProbe", "livenessProbe"} {
		probe := p.below(key)
		if len(probe.fields) == 0 {
			continue
		}
		get := probe.below("httpGet")
		path := get.text("path")
		switch {
		case path == "" && plain:
			p.differ(key, probe.fields, advice{"the probes of a stack ask a path over HTTP", "set healthPath to a path that answers when the app is ready"})
		case !plain && path != "":
			p.differ(key, path, advice{"a gRPC app is probed without a path", ""})
		case a.HealthPath == "":
			a.HealthPath, given = path, true
		case a.HealthPath != path:
			p.differ(key, path, advice{"both probes of a stack ask the same path, " + a.HealthPath, "see that it fits"})
		}
	}
	if plain && !given {
		p.differ("readinessProbe", nil, advice{"no path is known, and the stack asks /healthz on the app's port", "set healthPath to a path that the app answers"})
	}
}

// env takes over environment variables. A value that may be secret never is.
func (c *converter) env(p part, a *config.App) {
	for _, v := range p.items("env") {
		name := v.text("name")
		from := v.below("valueFrom")
		ref := from.below("secretKeyRef")
		value, given := v.fields["value"]
		v.drop("value")
		switch {
		case len(ref.fields) > 0:
			key := config.SecretKey{Name: ref.text("name"), Key: ref.text("key")}
			if a.SecretEnv == nil {
				a.SecretEnv = map[string]config.SecretKey{}
			}
			a.SecretEnv[name] = key
			if ref.take("optional") == true {
				ref.differ("optional", true, advice{"the pods of a stack wait for the Secret", "leave the variable out if there is none"})
			}
		case len(from.fields) > 0:
			v.lose("valueFrom", from.fields, advice{"the stack file has plain values and keys of Secrets", "write the value into env, or leave the app beside the stack"})
			from.drop(slices.Collect(maps.Keys(from.fields))...)
		case secretVariable(name, textOf(value)):
			v.c.note(Note{ToFill, v.object, v.path, "", "it seems to be a secret, which is never copied",
				"put it into a Secret and name that in secretEnv, or into env as a Pulumi secret (pulumi config set --path --secret)"})
		case given || name != "":
			if a.Env == nil {
				a.Env = map[string]string{}
			}
			a.Env[name] = textOf(value)
		}
		from.rest(nil)
	}
}

var (
	secretNames = regexp.MustCompile(`(?i)(passw|pwd|secret|token|api_?key|access_?key|private_?key|credential|connection_?string)`)
	plainNames  = regexp.MustCompile(`(?i)_?(file|path|dir|name|url|uri|host|endpoint|ttl|expiry|timeout|enabled|issuer|audience|store)$`)
)

// secretVariable reports whether a variable may hold a secret.
func secretVariable(name, value string) bool {
	if value == "" || value == "true" || value == "false" {
		return false
	}
	return secretNames.MatchString(name) && !plainNames.MatchString(name) || secretText(value)
}

// secretArgument matches --password=x and "password": "x".
var secretArgument = regexp.MustCompile(`(?i)(passw(or)?d|secret|token|api-?key)["']?\s*[=:]\s*["']?[^\s"',}]`)

// secretText reports whether a text holds a secret, as far as it can be told.
func secretText(text string) bool {
	return secretArgument.MatchString(text) || rules.PlainSecret("", "", text) != nil
}

// services takes over the Services of an app, which the stack makes itself, by the
// app's name and on the ports of the container.
func (c *converter) services(o Object, deployment part, a *config.App) {
	for _, s := range c.of("Service") {
		if !selects(s, o) {
			continue
		}
		p := c.part(s)
		p.metadata().rest(nil)
		spec := p.below("spec")
		if s.Name() != a.Name {
			p.differ("metadata.name", s.Name(), advice{"the Service of an app has the name of the app; this one would select no pod any more", "call " + a.Name + " instead, or write a Service that selects app.kubernetes.io/name: " + a.Name})
		}
		for _, port := range spec.items("ports") {
			c.servicePort(s.Name(), port, a)
		}
		spec.drop("selector", "clusterIPs", "ipFamilies", "ipFamilyPolicy", "internalTrafficPolicy")
		if spec.fields["clusterIP"] != "None" {
			spec.drop("clusterIP")
		}
		spec.expect(map[string]any{"type": "ClusterIP", "sessionAffinity": "None"})
		if getText(spec.fields, "type") == "LoadBalancer" {
			spec.drop("allocateLoadBalancerNodePorts", "externalTrafficPolicy")
		}
		spec.rest(map[string]advice{"type": {"the Services of a stack are for the cluster alone", "write an Ingress, or a Service of another name that selects app.kubernetes.io/name: " + a.Name}})
	}
}

func (c *converter) servicePort(service string, port part, a *config.App) {
	port.drop("name", "nodePort", "appProtocol")
	port.expect(map[string]any{"protocol": "TCP"})
	number, _ := port.number("port")
	goal := port.take("targetPort")
	target, known := whole(goal)
	switch {
	case goal == nil:
		target, known = number, true
	case !known && goal == "http":
		target, known = a.Port, true
	}
	for _, p := range a.Ports {
		if goal == p.Name {
			target, known = p.Port, true
		}
	}
	if known && target != number {
		port.differ("port", number, advice{"a stack's Service has the port of the container", fmt.Sprintf("call %s:%d", a.Name, target)})
	}
	port.rest(nil)
}

// serves reports whether a Service is one of an app with a sidecar.
func (c *converter) serves(service Object) bool {
	return slices.ContainsFunc(c.of("Deployment.apps"), func(o Object) bool { return sidecar(o) && selects(service, o) })
}

// selects reports whether a Service selects the pods of a workload.
func selects(service, workload Object) bool {
	selector, _ := get(service.Fields, "spec", "selector").(map[string]any)
	labels, _ := get(podTemplate(workload), "metadata", "labels").(map[string]any)
	for key, value := range selector {
		if labels[key] != value {
			return false
		}
	}
	return len(selector) > 0
}

// sidecar takes over the annotations and the ports. It reports false if the app
// cannot be run by a stack.
func (c *converter) sidecar(metadata, pod, main part, a *config.App) bool {
	annotations := metadata.below("annotations")
	dapr := map[string]string{}
	for key, value := range annotations.fields {
		if name, ok := strings.CutPrefix(key, rules.AnnotationPrefix); ok {
			dapr[name] = textOf(value)
			annotations.drop(key)
		}
		if strings.HasPrefix(key, "daprstack.io/") {
			annotations.drop(key)
		}
	}
	annotations.rest(map[string]advice{})
	c.labels(metadata.below("labels"), a)
	metadata.drop("creationTimestamp", "name")
	metadata.rest(nil)

	s := a.Sidecar
	if s.AppID = dapr["app-id"]; s.AppID == "" {
		s.AppID = a.Name
		annotations.differ("dapr.io/app-id", nil, advice{"none is given; the name of the Deployment stands for it", ""})
	}
	c.annotations(annotations, dapr, a)
	appPort, _ := strconv.Atoi(dapr["app-port"])
	if !c.ports(main, appPort, a) {
		return false
	}
	if appPort != 0 && appPort != a.Port {
		s.AppPort = &appPort
	}
	c.configs[s.AppID] = dapr["config"]
	return true
}

// labels notes the labels that pods lose, unless a stack sets them itself.
func (c *converter) labels(labels part, a *config.App) {
	for key, value := range rules.PodLabels(a.Name, true) {
		labels.expect(map[string]any{key: value})
	}
	labels.drop("pod-template-hash")
	if len(labels.fields) > 0 {
		labels.c.note(Note{Differs, labels.object, labels.path, shown(labels.fields), "the pods of a stack have its own labels", "select them by app.kubernetes.io/name: " + a.Name})
	}
}

// ports takes over the ports: the first one is that of the sidecar.
func (c *converter) ports(main part, appPort int, a *config.App) bool {
	type port struct {
		name   string
		number int
	}
	var all []port
	for _, p := range main.items("ports") {
		n, _ := p.number("containerPort")
		if protocol := p.text("protocol"); protocol != "" && protocol != "TCP" {
			p.lose("protocol", protocol, advice{"the ports of a stack are TCP", ""})
			continue
		}
		all = append(all, port{p.text("name"), n})
		p.rest(nil)
	}
	at := slices.IndexFunc(all, func(p port) bool { return p.name == "http" })
	if at < 0 {
		at = slices.IndexFunc(all, func(p port) bool { return p.number == appPort })
	}
	switch {
	case at < 0 && appPort != 0: // no port of the container needs to be written
		all, at = append([]port{{"http", appPort}}, all...), 0
	case at < 0 && len(all) > 0:
		at = 0
	case at < 0:
		c.note(Note{Lost, main.object, main.at("ports"), "", "it listens nowhere, and a stack asks every app over HTTP whether it is ready",
			"let it answer /healthz on a port; as long as it stays beside the stack, it loses what the scopes of the stack's components do not grant"})
		return false
	}
	a.Port = all[at].number
	all = slices.Delete(all, at, at+1)
	if appPort != 0 && appPort != a.Port && !slices.ContainsFunc(all, func(p port) bool { return p.number == appPort }) {
		all = append(all, port{"dapr", appPort})
	}
	for _, p := range all {
		if p.name == "" {
			p.name = fmt.Sprintf("port-%d", p.number)
		}
		a.Ports = append(a.Ports, config.Port{Name: p.name, Port: p.number})
	}
	return true
}

// annotations takes over the options of a sidecar, by the table of the rules.
func (c *converter) annotations(at part, dapr map[string]string, a *config.App) {
	s := a.Sidecar
	normal := map[string]string{}
	for _, name := range slices.Sorted(maps.Keys(dapr)) {
		text := dapr[name]
		switch name {
		case "enabled", "app-id", "app-port", "config":
			continue
		case "disable-builtin-k8s-secret-store":
			if rules.Truthy(text) {
				continue
			}
		case "sidecar-seccomp-profile-type":
			if text == "RuntimeDefault" {
				continue
			}
		case "http-max-request-size": // the old name, in MB
			name, text = "max-body-size", text+"Mi"
		case "http-read-buffer-size": // in KB
			name, text = "read-buffer-size", text+"Ki"
		case "app-ssl":
			if protocol := strings.ToLower(dapr["app-protocol"]); rules.Truthy(text) && (protocol == "" || protocol == "http" || protocol == "grpc") {
				dapr["app-protocol"] = map[string]string{"": "https", "http": "https", "grpc": "grpcs"}[protocol]
				normal["app-protocol"] = dapr["app-protocol"]
			}
			continue
		}
		if kind, resource, ok := sidecarResource(name); ok {
			set(kind, resource, text, &s.Resources)
			continue
		}
		read, given := rules.AsRead(name, text)
		if !given {
			continue
		}
		if _, set := normal[name]; !set {
			normal[name] = read
		}
		c.refused(at, name, read)
	}
	for key, value := range rules.OptionsOf(normal) {
		s.Options[key] = value
	}
	env := s.Options.Map(rules.OptionEnv)
	for _, name := range slices.Sorted(maps.Keys(env)) {
		if secretVariable(name, env[name]) {
			delete(env, name)
			at.fill("dapr.io/env", name, advice{"it seems to be a secret, which is never copied", "put it into a Secret and name that in sidecar.envFromSecret"})
		}
	}
	if len(env) == 0 {
		delete(s.Options, rules.OptionEnv)
	}
}

// refused notes an annotation that no option stands for.
func (c *converter) refused(at part, name, text string) {
	key := rules.AnnotationPrefix + name
	shown := text
	if rules.Hidden(name) {
		shown = ""
	}
	switch reasons := rules.Annotation(name, text); {
	case reasons != nil:
		at.lose(key, shown, advice{"it " + reasons[0].Allowed, ""})
	case !rules.HasOption(name):
		at.lose(key, shown, advice{"the stack file has no key for it", ""})
	}
}

// sidecarResource splits "sidecar-cpu-limit".
func sidecarResource(name string) (kind, resource string, ok bool) {
	rest, ok := strings.CutPrefix(name, "sidecar-")
	resource, kind, _ = strings.Cut(rest, "-")
	return kind, resource, ok && (resource == "cpu" || resource == "memory") && (kind == "limit" || kind == "request")
}

func set(kind, resource, text string, into *config.Resources) {
	side := &into.Limits
	if kind == "request" {
		side = &into.Requests
	}
	if *side == nil {
		*side = map[string]string{}
	}
	(*side)[resource] = text
}
