package verify

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/daprstack/daprstack/config"
)

func TestResiliencyMatches(t *testing.T) {
	p := config.PubSub{
		Name: "bus", MaxRetries: new(3), RetryPolicy: "exponential",
		RetryInterval:  &config.Duration{Duration: 5 * time.Second},
		HandlerTimeout: &config.Duration{Duration: 10 * time.Second},
	}
	const retry = `{"policy":"exponential","duration":"1s","maxInterval":"5s","maxRetries":3}`
	for name, c := range map[string]struct {
		target, retry, timeout, want string
	}{
		"as the stack file says": {"bus", retry, "10s", ""},
		"no target":              {"other", retry, "10s", "no retry policy applies: failed events would go straight to the dead-letter topic\nthe handler's timeout differs from the stack file's 10s"},
		"other maxRetries":       {"bus", `{"policy":"exponential","maxInterval":"5s","maxRetries":4}`, "10s", "maxRetries differs from the stack file's 3"},
		"no maxRetries":          {"bus", `{"policy":"exponential","maxInterval":"5s"}`, "10s", "maxRetries differs from the stack file's 3"},
		"other policy":           {"bus", `{"policy":"constant","duration":"5s","maxRetries":3}`, "10s", "the policy is constant 5s, the stack file says exponential 5s"},
		"other interval":         {"bus", `{"policy":"exponential","maxInterval":"6s","maxRetries":3}`, "10s", "the policy is exponential 6s, the stack file says exponential 5s"},
		"other timeout":          {"bus", retry, "11s", "the handler's timeout differs from the stack file's 10s"},
	} {
		t.Run(name, func(t *testing.T) {
			var o resiliencyObject
			require.NoError(t, json.Unmarshal([]byte(`{"spec":{
				"policies":{"retries":{"r":`+c.retry+`},"timeouts":{"t":"`+c.timeout+`"}},
				"targets":{"components":{"`+c.target+`":{"inbound":{"retry":"r","timeout":"t"}}}}}}`), &o))
			err := o.matches(p)
			if c.want == "" {
				require.NoError(t, err)
				return
			}
			require.EqualError(t, err, c.want)
		})
	}
}
