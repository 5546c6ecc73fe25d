//go:build e2e

package e2e

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"
)

// TestSpeed compares the driver with a stock Pulumi on the same stack, state and
// node, in turns: preview and up, from empty and with nothing to change, with the
// policy pack and without. SPEED is the number of turns; without it the test is
// skipped.
func TestSpeed(t *testing.T) {
	turns, err := strconv.Atoi(os.Getenv("SPEED"))
	if err != nil || turns < 1 {
		t.Skip("set SPEED=<turns> to measure: make bench-stock")
	}
	run(t, "local", "up")
	run(t, "destroy", "--yes")
	s := newStock(t)
	stock := func(args ...string) func() { return func() { s.pulumi(t, args...) } }
	driver := func(args ...string) func() { return func() { s.driver(t, args...) } }
	pack := "--policy-pack=" + s.policy
	runs := map[string]map[string]func(){
		"preview": {
			"stock": stock("preview"), "driver": driver("preview", "--no-policy"),
			"stock, pack": stock("preview", pack), "driver, pack": driver("preview"),
		},
		"up": {
			"stock": stock("up", "--yes"), "driver": driver("up", "--yes", "--no-verify", "--no-policy"),
			"stock, pack": stock("up", "--yes", pack), "driver, pack": driver("up", "--yes", "--no-verify"),
			"driver, pack, verify": driver("up", "--yes"),
		},
	}
	columns := []string{"stock", "driver", "stock, pack", "driver, pack", "driver, pack, verify"}
	table := "| | " + strings.Join(columns, " | ") + " |\n"
	for _, before := range []string{"from empty", "nothing to change"} {
		for _, name := range []string{"preview", "up"} {
			times := map[string][]time.Duration{}
			for range turns {
				for _, column := range columns {
					do := runs[name][column]
					if do == nil {
						continue
					}
					times[column] = append(times[column], timed(do))
					if name == "up" && before == "from empty" {
						s.pulumi(t, "destroy", "--yes")
					}
				}
			}
			table += "| " + name + ", " + before
			for _, column := range columns {
				cell := ""
				if len(times[column]) > 0 {
					cell = fmt.Sprintf("%.1f s", median(times[column]).Seconds())
				}
				table += " | " + cell
			}
			table += " |\n"
		}
		s.pulumi(t, "up", "--yes")
	}
	s.destroy(t)
	t.Logf("medians of %d\n%s", turns, table)
}
