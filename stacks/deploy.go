package stacks

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strconv"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/daprstack/daprstack/config"
)

// Deploy is the Pulumi program: pulumi.Run(stacks.Deploy). It takes the
// configuration of the stack from the environment in which Pulumi runs programs,
// because only there every key is visible, even a misspelled one. Nothing is
// registered when the configuration is bad.
//
// Inline programs of the Automation API have no such environment: use [Program].
func Deploy(ctx *pulumi.Context) error {
	values, secretKeys, err := environment()
	if err != nil {
		return err
	}
	return Program(values, secretKeys...)(ctx)
}

// Program is the Pulumi program for a given configuration: keys with the name of
// the project ("daprstack:apps"), values as Pulumi keeps them, plain text or JSON.
// The keys in secretKeys hold secrets. Bad configuration makes the program fail
// before it registers anything; check it earlier with [Load].
func Program(values map[string]string, secretKeys ...string) pulumi.RunFunc {
	return ProgramIn("")(values, secretKeys...)
}

// ProgramIn is [Program] for a stack file in a folder, from which it names other files.
func ProgramIn(folder string) func(values map[string]string, secretKeys ...string) pulumi.RunFunc {
	return func(values map[string]string, secretKeys ...string) pulumi.RunFunc {
		return program(folder, values, secretKeys)
	}
}

func program(folder string, values map[string]string, secretKeys []string) pulumi.RunFunc {
	return func(ctx *pulumi.Context) error {
		values, secretKeys, err := config.InProject(ctx.Project(), values, secretKeys...)
		if err != nil {
			return err
		}
		stack, err := LoadIn(folder, values, secretKeys...)
		if err != nil {
			return err
		}
		return ProgramOf(stack)(ctx)
	}
}

// ProgramOf is the Pulumi program for a stack that was loaded.
func ProgramOf(stack *config.Stack) pulumi.RunFunc {
	return func(ctx *pulumi.Context) error {
		for _, warning := range config.Warnings(stack) {
			if err := ctx.Log.Warn(warning.String(), nil); err != nil {
				return fmt.Errorf("logging a warning: %w", err)
			}
		}
		for _, line := range stack.CallTimes() {
			if err := ctx.Log.Info(line, nil); err != nil {
				return fmt.Errorf("logging how long calls take: %w", err)
			}
		}
		return deploy(ctx, stack)
	}
}

// Load is [config.Load] with the checks that only this machine can make: that a local
// chart exists, and that the manifests of objects can belong to the stack. Files are
// named from the working directory, which is that of the project when Pulumi runs.
func Load(values map[string]string, secretKeys ...string) (*config.Stack, error) {
	return LoadIn("", values, secretKeys...)
}

// LoadIn is [Load] for a stack file in a folder, from which it names objects.
func LoadIn(folder string, values map[string]string, secretKeys ...string) (*config.Stack, error) {
	stack, err := config.Load(values, secretKeys...)
	if err != nil {
		return nil, err
	}
	stack.In(folder)
	if _, err := readObjects(stack); err != nil {
		return nil, err
	}
	if path := stack.Dapr.Chart.Path; path != "" {
		if err := isChart(path); err != nil {
			return nil, config.Errors{{
				Path: "dapr.chart.path", Value: strconv.Quote(path),
				Allowed: fmt.Sprintf("must be a Helm chart, a directory with a Chart.yaml or a .tgz file: %v", err),
			}}
		}
	}
	return stack, nil
}

func isChart(path string) error {
	info, err := os.Stat(path)
	if err == nil && info.IsDir() {
		_, err = os.Stat(filepath.Join(path, "Chart.yaml"))
	}
	return err
}

// environment reads the configuration that Pulumi hands to a program.
func environment() (values map[string]string, secretKeys []string, err error) {
	raw, ok := os.LookupEnv(pulumi.EnvConfig)
	if !ok {
		return nil, nil, fmt.Errorf("%s is not set: run the program with `pulumi up`, "+
			"or give the configuration to stacks.Program", pulumi.EnvConfig)
	}
	if err := json.Unmarshal([]byte(raw), &values); err != nil {
		return nil, nil, fmt.Errorf("reading the configuration in %s: %w", pulumi.EnvConfig, err)
	}
	if raw := os.Getenv(pulumi.EnvConfigSecretKeys); raw != "" {
		if err := json.Unmarshal([]byte(raw), &secretKeys); err != nil {
			return nil, nil, fmt.Errorf("reading the secret keys in %s: %w", pulumi.EnvConfigSecretKeys, err)
		}
	}
	return values, secretKeys, nil
}
