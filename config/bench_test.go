package config_test

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"testing"

	"github.com/daprstack/daprstack/config"
)

// BenchmarkLoad: loading and validating grows with the number of apps, no
// faster.
func BenchmarkLoad(b *testing.B) {
	for _, n := range []int{10, 100, 1000} {
		b.Run(strconv.Itoa(n), func(b *testing.B) {
			values := many(b, n)
			for b.Loop() {
				if _, err := config.Load(values); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// many is a stack of n apps, each of which keeps state, publishes an event,
// takes that of its neighbour and calls it.
func many(tb testing.TB, n int) map[string]string {
	var apps, events, ids []any
	for i := range n {
		id, next := fmt.Sprintf("a%d-app", i), fmt.Sprintf("a%d-app", (i+1)%n)
		ids = append(ids, id)
		apps = append(apps, object{
			"name": fmt.Sprintf("a%d", i), "image": "a:1", "port": 8000,
			"invokes": []any{next}, "sidecar": object{"appId": id},
		})
		events = append(events, object{
			"type": fmt.Sprintf("thing%d.made", i), "source": "/things", "publishers": []any{id},
			"subscribers": []any{object{"app": next, "path": "/events"}},
		})
	}
	values := map[string]string{"daprstack:context": "c", "daprstack:namespace": "n"}
	for key, v := range map[string]any{
		"apps": apps, "events": events,
		"stateStores": []any{object{"name": "store", "scopes": ids}},
		"pubSubs":     []any{object{"name": "bus", "scopes": ids}},
	} {
		raw, err := json.Marshal(v)
		if err != nil {
			tb.Fatal(err)
		}
		values["daprstack:"+key] = string(raw)
	}
	return values
}

// BenchmarkLoadBad: the same with a typing error in every reference, each of
// which asks for the nearest name.
func BenchmarkLoadBad(b *testing.B) {
	for _, n := range []int{10, 100, 1000} {
		b.Run(strconv.Itoa(n), func(b *testing.B) {
			values := many(b, n)
			values["daprstack:apps"] = strings.ReplaceAll(values["daprstack:apps"], `"appId":"a`, `"appId":"x`)
			for b.Loop() {
				if _, err := config.Load(values); err == nil {
					b.Fatal("no error")
				}
			}
		})
	}
}
