package config

import (
	"maps"
	"reflect"
	"regexp"
	"slices"
	"strings"

	"github.com/daprstack/daprstack/config/rules"
	"k8s.io/apimachinery/pkg/util/validation/field"
)

// applyOverlay applies the overlay of a stack and empties it. A problem with a
// value that it set is reported at its path in the overlay from then on.
func applyOverlay(s *Stack, c *collector) {
	v := &validator{collector: c, stack: s}
	o := s.Overlay
	s.Overlay = Overlay{}
	if c.misread.parts["overlay"] {
		c.misread.mark("apps")
		c.misread.mark("stateStores")
		c.misread.mark("pubSubs")
	}
	overlayItems(v, "apps", "an app", s.Apps, o.Apps, func(a *App) string { return a.Name }, v.appOverlay)
	overlayItems(v, "stateStores", "a state store", s.StateStores, o.StateStores, func(s *StateStore) string { return s.Name }, nil)
	overlayItems(v, "pubSubs", "a pub/sub", s.PubSubs, o.PubSubs, func(p *PubSub) string { return p.Name }, pubSubOverlay)
}

// overlayItems applies changes to the items of one list, by name. The optional
// prepare checks a change and returns what is left to merge.
func overlayItems[T, O any](v *validator, key, kind string, items []T, changes map[string]O, nameOf func(*T) string,
	prepare func(at, to *field.Path, change O, item *T) O,
) {
	if v.misread.parts["overlay."+key] {
		v.misread.mark(key)
	}
	names := rules.Names{}
	for i := range items {
		names[nameOf(&items[i])] = true
	}
	for _, name := range slices.Sorted(maps.Keys(changes)) {
		at := child(root("overlay").Child(key), name)
		v.add(at, name, rules.Known("X-01", "the name of "+kind+" of the stack", name, names), key+"[].name")
		for i := range items {
			if nameOf(&items[i]) != name {
				continue
			}
			change, to := changes[name], root(key).Index(i)
			v.markBelow(at.String(), to.String())
			if prepare != nil {
				change = prepare(at, to, change, &items[i])
			}
			items[i] = v.overlay(at, to, reflect.ValueOf(change), reflect.ValueOf(items[i])).Interface().(T)
		}
	}
}

// markBelow marks as misread whatever a misread part of the overlay would have
// changed. A name that only shares a prefix yields a path that does not exist.
func (v *validator) markBelow(from, to string) {
	for _, part := range slices.Collect(maps.Keys(v.misread.parts)) {
		rest, below := strings.CutPrefix(part, from)
		if !below {
			continue
		}
		if rest == ".tag" || rest == ".digest" {
			rest = ".image"
		}
		v.misread.mark(to + rest)
	}
}

// appOverlay checks what cannot be merged, and sets the image.
func (v *validator) appOverlay(at, to *field.Path, change AppOverlay, app *App) AppOverlay {
	if change.Sidecar != nil {
		sidecar := *change.Sidecar
		if sidecar.AppID != "" {
			v.form(at.Child("sidecar", "appId"), sidecar.AppID, "must be left out: an app has the same app-id in every environment")
			sidecar.AppID = ""
		}
		change.Sidecar = &sidecar
		if app.Sidecar == nil {
			v.form(at.Child("sidecar"), nil, "must be left out: the app has no sidecar", to.Child("sidecar").String())
			change.Sidecar = nil
		}
	}
	switch { // one of them, as in the base
	case change.Replicas != nil && change.Autoscale == nil:
		app.Autoscale = nil
	case change.Autoscale != nil:
		app.Replicas = nil
		if app.Autoscale != nil && app.Autoscale.External != change.Autoscale.External {
			app.Autoscale = nil
		}
	}
	v.imageOverlay(at, to, change, app)
	change.Image, change.Tag, change.Digest = "", "", ""
	given := map[string]bool{}
	for name := range change.Env {
		given[name] = true
	}
	for name := range change.SecretEnv {
		given[name] = true
	}
	for name := range change.ConfigEnv {
		given[name] = true
	}
	app.Env, app.SecretEnv, app.ConfigEnv = without(app.Env, given), without(app.SecretEnv, given), without(app.ConfigEnv, given)
	return change
}

// without returns a map without the entries of some names.
func without[V any](m map[string]V, names map[string]bool) map[string]V {
	m = maps.Clone(m)
	maps.DeleteFunc(m, func(name string, _ V) bool { return names[name] })
	return m
}

// pubSubOverlay drops the stream bound that the overlay replaces.
func pubSubOverlay(_, _ *field.Path, change PubSubOverlay, p *PubSub) PubSubOverlay {
	if change.MaxLenApprox != nil {
		p.StreamTTL = nil
	}
	if change.StreamTTL != nil {
		p.MaxLenApprox = nil
	}
	return change
}

var (
	imageTag    = regexp.MustCompile(`^\w[\w.-]{0,127}$`)
	imageDigest = regexp.MustCompile(`^sha256:[0-9a-f]{64}$`)
	// What follows the name of an image: its tag, its digest or both.
	imageVersion = regexp.MustCompile(`(:[^/@]*)?(@.*)?$`)
)

// imageOverlay sets the image of an app, or its tag or digest. An invalid base
// image is left alone, so that it is reported at its own path.
func (v *validator) imageOverlay(at, to *field.Path, change AppOverlay, app *App) {
	first := ""
	set := func(key, value string, good bool, ref string, expected string) {
		switch {
		case value == "":
			return
		case first != "":
			v.form(at.Child(key), value, "must not be given together with "+first)
			return
		case !good:
			v.form(at.Child(key), value, expected)
		case key == "image" || image.MatchString(app.Image):
			app.Image = ref
			v.overlaid[to.Child("image").String()] = at.Child(key).String()
		}
		first = key
	}
	name := app.Image[:imageVersion.FindStringIndex(app.Image)[0]]
	set("image", change.Image, true, change.Image, "")
	set("tag", change.Tag, imageTag.MatchString(change.Tag), name+":"+change.Tag,
		"must be a tag: letters, digits, underscores, dots and hyphens, at most 128 characters")
	set("digest", change.Digest, imageDigest.MatchString(change.Digest), name+"@"+change.Digest,
		"must be sha256: with 64 hexadecimal digits in lower case")
}
