// Command dapr is Dapr's control plane and its sidecar in one binary, which
// makes one link and one image layer of six: the name that it is started by says
// which program it is.
package main

import (
	"fmt"
	"os"
	"path/filepath"

	daprd "github.com/dapr/dapr/cmd/daprd/app"
	injector "github.com/dapr/dapr/cmd/injector/app"
	operator "github.com/dapr/dapr/cmd/operator/app"
	placement "github.com/dapr/dapr/cmd/placement/app"
	scheduler "github.com/dapr/dapr/cmd/scheduler/app"
	sentry "github.com/dapr/dapr/cmd/sentry/app"
)

func main() {
	programs := map[string]func(){
		"daprd":     daprd.Run,
		"injector":  injector.Run,
		"operator":  operator.Run,
		"placement": placement.Run,
		"scheduler": scheduler.Run,
		"sentry":    sentry.Run,
	}
	name := filepath.Base(os.Args[0])
	run, ok := programs[name]
	if !ok {
		fmt.Fprintf(os.Stderr, "dapr: %q is none of its programs: start it as daprd, injector, operator, placement, scheduler or sentry\n", name)
		os.Exit(2)
	}
	run()
}
