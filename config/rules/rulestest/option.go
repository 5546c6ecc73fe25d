package rulestest

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/daprstack/daprstack/config/rules"
)

// Option is a row of tests for a row of [rules.SidecarTable].
type Option struct {
	Key string
	// Value is a good one, other than the default, as the stack file has it, and
	// Text is what the annotation is then. Beside holds what else the stack file
	// needs for it, below the sidecar.
	Value  any
	Text   string
	Beside map[string]any
	// Refused are bad values.
	Refused []Refusal
}

// Refusal is a bad value of an option.
type Refusal struct {
	Value   any
	At      string // the place of the error below the key: "[1]", ".NAME"
	Shown   string // the value in the error
	Text    string // the same in an annotation; empty where none can say it
	Allowed string
}

var (
	durationType = reflect.TypeFor[time.Duration]()
	refsType     = reflect.TypeFor[map[string]rules.SecretRef]()
)

type (
	object = map[string]any
	list   = []any
)

const (
	oneOfProtocols = "must be one of http, https, grpc, grpcs, h2c"
	oneOrMore      = "must be a whole number, 1 or more, of 32 bits"
	seconds1       = "must be whole seconds, 1s or more, of 32 bits"
	seconds0       = "must be whole seconds, 0s or more, of 32 bits"
	bytes          = "must be a whole number of bytes, 1 or more, such as 8Mi"
	anImage        = "must be an image reference"
	aSecret        = "must be the name of a Secret, a DNS-1123 name"
	aKey           = "must be letters, digits, hyphens, dots and underscores, at most 253 characters, and must not be . or start with .."
	aVariable      = "must be named with letters, digits and underscores, not starting with a digit"
	anAddress      = "must be an IP address, IPv6 in brackets, such as 127.0.0.1 or [::1]"
	aDirectory     = "must be an absolute directory, without colons, commas and spaces"
)

// notOne are the refusals of a number that has to be 1 or more.
var notOne = []Refusal{{0, "", "0", "0", oneOrMore}, {-1, "", "-1", "-1", oneOrMore}, {1 << 31, "", "2147483648", "2147483648", oneOrMore}}

// notSeconds are the refusals of a duration in whole seconds.
func notSeconds(allowed string) []Refusal {
	return []Refusal{
		{"-1s", "", "-1s", "-1", allowed}, {"1500ms", "", "1.5s", "", allowed}, {"2147483648s", "", "596523h14m8s", "", allowed},
	}
}

var zeroSeconds = Refusal{"0s", "", "0s", "0", seconds1}

func probe(name string) []Option {
	return []Option{
		{Key: name + ".delay", Value: "60s", Text: "60", Refused: notSeconds(seconds0)},
		{Key: name + ".timeout", Value: "2s", Text: "2", Refused: append(notSeconds(seconds1), zeroSeconds)},
		{Key: name + ".period", Value: "1m", Text: "60", Refused: append(notSeconds(seconds1), zeroSeconds)},
		{Key: name + ".threshold", Value: 2, Text: "2", Refused: notOne},
	}
}

// Options returns the tests of every option that the stack file has.
func Options() []Option {
	mounts := []Refusal{
		{object{"ca": "etc/ca"}, ".ca", `"etc/ca"`, "ca:etc/ca", aDirectory}, {object{"ca": "/"}, ".ca", `"/"`, "ca:/", aDirectory},
		{object{"ca": "/a:b"}, ".ca", `"/a:b"`, "", aDirectory}, {object{"ca": "/a,b"}, ".ca", `"/a,b"`, "", aDirectory},
		{object{"ca": "/a b"}, ".ca", `"/a b"`, "ca:/a b", aDirectory}, {object{}, "", "", "", "must be left out, or have an entry"},
	}
	tokens := []Refusal{{"Token", "", `"Token"`, "Token", aSecret}, {"", "", "", "", aSecret}}
	ca := object{"secretVolumes": object{"ca": "private-ca"}}
	return append([]Option{
		{Key: "appProtocol", Value: "h2c", Text: "h2c", Refused: []Refusal{
			{"tcp", "", `"tcp"`, "tcp", oneOfProtocols}, {"HTTP", "", `"HTTP"`, "", oneOfProtocols}, {"", "", "", "", oneOfProtocols}}},
		{Key: "logLevel", Value: "warn", Text: "warn", Refused: []Refusal{{"", "", "", "", "must be one of debug, info, warn, error"}}},
		{Key: "logAsJSON", Value: true, Text: "true"},
		{Key: "apiLogging", Value: true, Text: "true"},
		{Key: "enableMetrics", Value: false, Text: "false"},
		{Key: "metricsPort", Value: 9191, Text: "9191"},
		{Key: "appHealthCheck.enabled", Value: true, Text: "true"},
		{Key: "appHealthCheck.path", Value: "/ready", Text: "/ready", Refused: []Refusal{
			{"ready", "", `"ready"`, "ready", "must be an absolute path such as /healthz"}, {"/a?b", "", `"/a?b"`, "/a?b", "must be an absolute path such as /healthz"}}},
		{Key: "appHealthCheck.interval", Value: "2m", Text: "120", Refused: append(notSeconds(seconds1)[1:],
			Refusal{"-1s", "", "-1s", "-1", seconds1})},
		{Key: "appHealthCheck.timeout", Value: "2s", Text: "2000", Refused: []Refusal{
			{"0s", "", "0s", "0", "must be whole milliseconds, 1ms or more, of 32 bits"},
			{"500us", "", "500µs", "", "must be whole milliseconds, 1ms or more, of 32 bits"}}},
		{Key: "appHealthCheck.threshold", Value: 1, Text: "1", Refused: append(notOne[:2:2],
			Refusal{1<<31 - 1, "", "2147483647", "2147483647", oneOrMore})},
		{Key: "appMaxConcurrency", Value: 1, Text: "1", Refused: []Refusal{
			{0, "", "0", "", oneOrMore}, {-1, "", "-1", "", oneOrMore}, {1 << 31, "", "2147483648", "2147483648", oneOrMore}}},
		{Key: "maxBodySize", Value: "16Mi", Text: "16Mi", Refused: []Refusal{
			{"0", "", `"0"`, "0", bytes}, {"-1", "", `"-1"`, "-1", bytes}, {"500m", "", `"500m"`, "500m", bytes}, {"16MB", "", `"16MB"`, "16MB", bytes},
			{"9999999999G", "", `"9999999999G"`, "9999999999G", bytes}}},
		{Key: "readBufferSize", Value: "8000", Text: "8000", Refused: []Refusal{{"4KB", "", `"4KB"`, "4KB", bytes}}},
		{Key: "gracefulShutdown", Value: "0s", Text: "0", Refused: append(notSeconds(seconds0)[1:2],
			Refusal{"-1s", "", "-1s", "", seconds0})},
		{Key: "blockShutdown", Value: "1500ms", Text: "1.5s", Refused: []Refusal{
			{"0s", "", "0s", "0s", `must be a positive duration, such as "10s"`}, {"-1s", "", "-1s", "-1s", `must be a positive duration, such as "10s"`}}},
		{Key: "env", Value: object{"B": "x,y = z", "A": ""}, Text: "A=,B=x,y = z", Refused: []Refusal{
			{object{"1A": "x"}, ".1A", "", "1A=x", aVariable},
			{object{"POD_NAME": "x"}, ".POD_NAME", "", "POD_NAME=x", "must not be given: Dapr sets it itself"},
			{object{"DAPR_API_TOKEN": "x"}, ".DAPR_API_TOKEN", "", "DAPR_API_TOKEN=x", "must not be given: Dapr sets it itself: set apiTokenSecret"},
			{object{"APP_API_TOKEN": "x"}, ".APP_API_TOKEN", "", "APP_API_TOKEN=x", "must not be given: Dapr sets it itself: set appTokenSecret"},
			{object{"A": "x, B=y"}, ".A", "", "", "must not have a comma with name= behind it: Dapr reads another variable there"},
			{object{"A": "x "}, ".A", "", "", "must not end in a space: Dapr cuts it off"},
			{object{}, "", "", "", "must be left out, or have an entry"}}},
		{Key: "envFromSecret", Value: object{"B": object{"name": "b", "key": "k"}, "A": object{"name": "a", "key": "k"}}, Text: "A=a:k,B=b:k", Refused: []Refusal{
			{object{"A-B": object{"name": "a", "key": "k"}}, `.A-B`, "", "A-B=a:k", aVariable},
			{object{"A": object{"name": "A_", "key": "k"}}, ".A.name", `"A_"`, "A=A_:k", "must be a DNS-1123 name"},
			{object{"A": object{"name": "a", "key": "k/l"}}, ".A.key", `"k/l"`, "A=a:k/l", aKey},
			{object{"A": object{"name": "a", "key": "."}}, ".A.key", `"."`, "A=a:.", aKey},
			{object{"A": object{"name": "a", "key": "..k"}}, ".A.key", `"..k"`, "A=a:..k", aKey},
			{object{"A": object{"name": "a", "key": strings.Repeat("k", 254)}}, ".A.key", shown(strings.Repeat("k", 254)), "A=a:" + strings.Repeat("k", 254), aKey},
			{object{"A": object{"key": "k"}}, ".A.name", "", "A=:k", "is required"},
			{object{"A": object{"name": "a"}}, ".A.key", "", "A=a:", "is required"}}},
		{Key: "apiTokenSecret", Value: "token", Text: "token", Refused: tokens},
		{Key: "appTokenSecret", Value: "token", Text: "token", Refused: tokens},
		{Key: "listenAddresses", Value: list{"127.0.0.1", "[::]"}, Text: "127.0.0.1,[::]", Refused: []Refusal{
			{list{"127.0.0.1", "::1"}, "[1]", `"::1"`, "127.0.0.1,::1", anAddress},
			{list{"localhost"}, "[0]", `"localhost"`, "localhost", anAddress},
			{list{"127.0.0.1", " [::1]"}, "[1]", `" [::1]"`, "127.0.0.1, [::1]", anAddress},
			{list{"[fe80::1%eth0]"}, "[0]", `"[fe80::1%eth0]"`, "[fe80::1%eth0]", anAddress},
			{list{"10.0.0.1"}, "", "", "10.0.0.1", "must be addresses with that of localhost among them, 127.0.0.1, [::1], 0.0.0.0 or [::]: the app calls its sidecar there"},
			{list{"127.0.0.1", "127.0.0.1"}, "[1]", `"127.0.0.1"`, "127.0.0.1,127.0.0.1", "must be named once"},
			{list{}, "", "", "", "must be left out, or have an item"}}},
		{Key: "disableInitEndpoints", Value: list{"subscribe"}, Text: "subscribe", Refused: []Refusal{
			{list{"config", "actors"}, "[1]", `"actors"`, "config,actors", "must be one of config, subscribe"},
			{list{"config", "config"}, "[1]", `"config"`, "config,config", "must be named once"}}},
		{Key: "nativeSidecar", Value: true, Text: "true"},
		{Key: "image", Value: "registry.example.com/daprd:1", Text: "registry.example.com/daprd:1", Refused: []Refusal{
			{"a b", "", `"a b"`, "a b", anImage}, {"", "", "", "", anImage}}},
		{Key: "volumeMounts", Value: object{"ca": "/etc/ca", "key": "/etc/key"}, Text: "ca:/etc/ca,key:/etc/key", Refused: mounts,
			Beside: object{"secretVolumes": object{"ca": "private-ca", "key": "private-key"}}},
		{Key: "volumeMountsRW", Value: object{"ca": "/etc/ca"}, Text: "ca:/etc/ca", Refused: mounts, Beside: ca},
	}, slices.Concat(probe("livenessProbe"), probe("readinessProbe"))...)
}

// optionCases break the rule of each option in each way.
func optionCases() (cases []Case) {
	for _, o := range Options() {
		row, _ := rules.Option(o.Key)
		for _, r := range o.Refused {
			c := Case{
				Rule: row.RuleID(), Name: fmt.Sprintf("%s %v", o.Key, r.Value), Allowed: r.Allowed,
				Check: func() (reasons []rules.Reason) {
					for _, f := range (rules.SidecarOptions{needed(row): true, o.Key: Typed(row, r.Value)}).Check() {
						reasons = append(reasons, rules.Reason{Rule: f.Rule, Allowed: f.Allowed})
					}
					return reasons
				},
				Stack: o.Edits(r.Value), Path: "apps[0].sidecar." + o.Key + r.At, Value: r.Shown,
			}
			if r.Text != "" {
				c.Objects = frontend(row.Annotation, r.Text)
			}
			cases = append(cases, c)
		}
	}
	return cases
}

// needed is the switch of an option, or some switch that does not matter.
func needed(row rules.SidecarOption) string {
	if row.With != "" {
		return row.With
	}
	return "logAsJSON"
}

// Edits give the option to the first app of the dev stack file.
func (o Option) Edits(value any) []Edit {
	const sidecar = "apps[0].sidecar."
	all := edits(sidecar+o.Key, value)
	for _, key := range slices.Sorted(maps.Keys(o.Beside)) {
		all = append(all, Edit{sidecar + key, o.Beside[key]})
	}
	return all
}

// Typed turns a value of the stack file into one of the option's Go type.
func Typed(row rules.SidecarOption, value any) any {
	switch v := value.(type) {
	case string:
		if d, err := time.ParseDuration(v); err == nil && row.Form.Type() == durationType {
			return d
		}
	case list:
		items := make([]string, len(v))
		for i, item := range v {
			items[i] = fmt.Sprint(item)
		}
		return items
	case object:
		if row.Form.Type() != refsType {
			m := map[string]string{}
			for name, item := range v {
				m[name] = fmt.Sprint(item)
			}
			return m
		}
		m := map[string]rules.SecretRef{}
		for name, item := range v {
			ref, _ := item.(object)
			secret, _ := ref["name"].(string)
			key, _ := ref["key"].(string)
			m[name] = rules.SecretRef{Name: secret, Key: key}
		}
		return m
	}
	return value
}
