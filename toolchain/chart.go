package toolchain

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
)

// DaprChart returns the folder of Dapr's Helm chart, which is part of the Go module
// that the Dapr tool is built from. It downloads the module if necessary.
func (tc *Toolchain) DaprChart(ctx context.Context) (string, error) {
	cmd := exec.CommandContext(ctx, "go", "mod", "download", "-json", "github.com/dapr/dapr")
	cmd.Dir = filepath.Join(tc.checkout, "toolchain", "dapr")
	cmd.Env = append(os.Environ(), "GOFLAGS=", "GOWORK=off")
	out, err := cmd.Output()
	var module struct{ Dir, Error string }
	if jsonErr := json.Unmarshal(out, &module); jsonErr == nil && module.Error != "" {
		return "", fmt.Errorf("getting Dapr's chart: %s", module.Error)
	}
	if err != nil {
		return "", fmt.Errorf("getting Dapr's chart: %w", err)
	}
	return filepath.Join(module.Dir, "charts", "dapr"), nil
}
