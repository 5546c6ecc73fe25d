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

// Overlay is what one environment changes of what all of them share, by name. A
// value replaces that of the base; maps, resources and the sidecar are merged key
// by key. What identifies something, its name, its app-id, its scopes, is the same
// in every environment and cannot be changed.
type Overlay struct {
	// Apps are changes of apps, by the app's name. Default none.
	Apps map[string]AppOverlay `json:"apps,omitzero"`

	// StateStores are changes of state stores, by the store's name. Default none
	//
	StateStores map[string]StateStoreOverlay `json:"stateStores,omitzero"`

	// PubSubs are changes of pub/subs, by the pub/sub's name. Default none.
	PubSubs map[string]PubSubOverlay `json:"pubSubs,omitzero"`
}

// AppOverlay is what an environment changes of an app. Image, Tag and Digest
// exclude each other.
type AppOverlay struct {
	// Image of the container. Default unchanged.
	Image string `json:"image,omitzero"`

	// Tag of the image, instead of the base's tag or digest. Default unchanged.
	Tag string `json:"tag,omitzero"`

	// Digest of the image, instead of the base's tag or digest. Default unchanged.
	Digest string `json:"digest,omitzero"`

	// ImagePullPolicy is Always, IfNotPresent or Never. Default unchanged.
	ImagePullPolicy string `json:"imagePullPolicy,omitzero"`

	// Replicas is the number of pods. Default unchanged.
	Replicas *int `json:"replicas,omitzero"`

	// Args are all arguments of the container. Default unchanged.
	Args []string `json:"args,omitzero" hidden:"true"`

	// Env are environment variables, beside those of the base or instead of them.
	// Default unchanged.
	Env map[string]string `json:"env,omitzero" hidden:"true"`

	// SecretEnv are environment variables from Secrets of the namespace, beside
	// those of the base or instead of them. Default unchanged.
	SecretEnv map[string]SecretKey `json:"secretEnv,omitzero"`

	// Resources of the container, each request and limit by itself. Default
	// unchanged.
	Resources Resources `json:"resources,omitzero"`

	// Sidecar is what changes of its sidecar; everything but the app-id can.
	// Default unchanged.
	Sidecar *Sidecar `json:"sidecar,omitzero"`
}

// StateStoreOverlay is what an environment changes of a state store.
type StateStoreOverlay struct {
	// Metadata are metadata items, beside those of the base or instead of them
	// (T-10). Default unchanged.
	Metadata map[string]string `json:"metadata,omitzero" hidden:"true"`
}

// PubSubOverlay is what an environment changes of a pub/sub and its delivery.
type PubSubOverlay struct {
	// RedeliverInterval is how often unacknowledged messages are looked for.
	// Default unchanged.
	RedeliverInterval *Duration `json:"redeliverInterval,omitzero"`

	// ProcessingTimeout is how long a message may stay unacknowledged.
	// Default unchanged.
	ProcessingTimeout *Duration `json:"processingTimeout,omitzero"`

	// MaxRetries is how often a failing handler is called again. Default
	// unchanged.
	MaxRetries *int `json:"maxRetries,omitzero"`

	// RetryPolicy is "constant" or "exponential". Default unchanged.
	RetryPolicy string `json:"retryPolicy,omitzero"`

	// RetryInterval is the wait before a failing handler is called again. Default
	// unchanged.
	RetryInterval *Duration `json:"retryInterval,omitzero"`

	// HandlerTimeout is how long one call of a handler may take. Default unchanged.
	HandlerTimeout *Duration `json:"handlerTimeout,omitzero"`

	// StreamTTL is how long events are kept (Q-05, E-10). Default unchanged.
	StreamTTL *Duration `json:"streamTTL,omitzero"`

	// MaxLenApprox bounds each stream by its length. Default unchanged.
	MaxLenApprox *int `json:"maxLenApprox,omitzero"`

	// Metadata are metadata items, beside those of the base or instead of them
	// (T-10). Default unchanged.
	Metadata map[string]string `json:"metadata,omitzero" hidden:"true"`
}

// applyOverlay makes the changes of the stack's overlay and empties it. From then
// on a problem of a value that it set is reported at its place in the overlay.
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

// overlayItems changes the items of one list. Prepare, where there is one, checks
// the change of an item and turns it into fields of the item.
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
		v.add(at, name, rules.Known("X-01", "the name of "+kind+" of the stack", name, names), key, key+"[].name")
		for i := range items {
			if nameOf(&items[i]) != name {
				continue
			}
			change, to := changes[name], root(key).Index(i)
			v.markBelow(at.String(), to.String())
			if prepare != nil {
				change = prepare(at, to, change, &items[i])
			}
			v.overlay(at, to, reflect.ValueOf(change), reflect.ValueOf(&items[i]).Elem())
		}
	}
}

// markBelow marks as misread what a misread part of the overlay was to change.
func (v *validator) markBelow(from, to string) {
	for _, part := range slices.Collect(maps.Keys(v.misread.parts)) {
		rest, below := strings.CutPrefix(part, from)
		switch {
		case !below || rest != "" && rest[0] != '.' && rest[0] != '[':
			continue
		case rest == ".tag", rest == ".digest":
			rest = ".image"
		}
		v.misread.mark(to + rest)
	}
}

// overlay replaces what is given of a change, field by field, and notes where
// each value comes from.
func (v *validator) overlay(from, to *field.Path, change, base reflect.Value) {
	switch {
	case change.IsZero():
	case change.Kind() == reflect.Struct:
		for i := range change.NumField() {
			f := change.Type().Field(i)
			if key, _, _ := strings.Cut(f.Tag.Get("json"), ","); !change.Field(i).IsZero() {
				v.overlay(from.Child(key), to.Child(key), change.Field(i), base.FieldByName(f.Name))
			}
		}
	case change.Kind() == reflect.Map:
		all := reflect.MakeMap(change.Type())
		for _, m := range []reflect.Value{base, change} {
			for _, key := range m.MapKeys() {
				all.SetMapIndex(key, m.MapIndex(key))
			}
		}
		base.Set(all)
		for _, key := range change.MapKeys() {
			v.overlaid[child(to, key.String()).String()] = child(from, key.String()).String()
		}
	case change.Kind() == reflect.Pointer && change.Type().Elem().Kind() == reflect.Struct && change.Type().Elem() != durationType:
		v.overlay(from, to, change.Elem(), base.Elem())
	default:
		base.Set(change)
		v.overlaid[to.String()] = from.String()
	}
}

// appOverlay checks what no app could have, and gives the app its image.
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
	v.imageOverlay(at, to, change, app)
	change.Image, change.Tag, change.Digest = "", "", ""
	env, secretEnv := maps.Clone(app.Env), maps.Clone(app.SecretEnv)
	maps.DeleteFunc(env, func(name, _ string) bool { _, instead := change.SecretEnv[name]; return instead })
	maps.DeleteFunc(secretEnv, func(name string, _ SecretKey) bool { _, instead := change.Env[name]; return instead })
	app.Env, app.SecretEnv = env, secretEnv
	return change
}

// pubSubOverlay lets one bound of the streams take the place of the other.
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

// imageOverlay gives the app another image, or its image another version.
func (v *validator) imageOverlay(at, to *field.Path, change AppOverlay, app *App) {
	if change.Tag != "" && !imageTag.MatchString(change.Tag) {
		v.form(at.Child("tag"), change.Tag, "must be a tag: letters, digits, underscores, dots and hyphens, at most 128 characters")
	}
	if change.Digest != "" && !imageDigest.MatchString(change.Digest) {
		v.form(at.Child("digest"), change.Digest, "must be sha256: with 64 hexadecimal digits in lower case")
	}
	name := app.Image[:imageVersion.FindStringIndex(app.Image)[0]]
	first := ""
	for _, given := range []struct{ key, value, image string }{
		{"image", change.Image, change.Image}, {"tag", change.Tag, name + ":" + change.Tag}, {"digest", change.Digest, name + "@" + change.Digest},
	} {
		switch {
		case given.value == "":
		case first != "":
			v.form(at.Child(given.key), given.value, "must not be given together with "+first)
		case given.key == "image" || name != "": // else the app's own image is reported
			app.Image = given.image
			v.overlaid[to.Child("image").String()] = at.Child(given.key).String()
			first = given.key
		default:
			first = given.key
		}
	}
}
