// Command langhost stands in for pulumi-language-go, the part of a Pulumi
// installation that builds Go programs and runs them: its module cannot be had
// from the Go module proxy. It does what the stock CLI needs for our program and
// for a policy pack that is a folder, in the way of the real one.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"log"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"

	"github.com/pulumi/pulumi/sdk/v3/go/common/constant"
	"github.com/pulumi/pulumi/sdk/v3/go/common/util/rpcutil"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"google.golang.org/grpc"
	"google.golang.org/protobuf/types/known/emptypb"
)

func main() {
	log.SetFlags(0)
	flag.String("tracing", "", "ignored")
	flag.Parse()
	h := &host{engine: flag.Arg(flag.NArg() - 1)}
	server, err := rpcutil.ServeWithOptions(rpcutil.ServeOptions{Init: func(s *grpc.Server) error {
		pulumirpc.RegisterLanguageRuntimeServer(s, h)
		return nil
	}})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(server.Port) // the engine reads it
	if err := <-server.Done; err != nil {
		log.Fatal(err)
	}
}

type host struct {
	pulumirpc.UnimplementedLanguageRuntimeServer
	engine string // its address
}

func (h *host) GetPluginInfo(context.Context, *emptypb.Empty) (*pulumirpc.PluginInfo, error) {
	return &pulumirpc.PluginInfo{}, nil
}

func (h *host) GetRequiredPackages(context.Context, *pulumirpc.GetRequiredPackagesRequest) (*pulumirpc.GetRequiredPackagesResponse, error) {
	return &pulumirpc.GetRequiredPackagesResponse{}, nil
}

func (h *host) InstallDependencies(*pulumirpc.InstallDependenciesRequest, grpc.ServerStreamingServer[pulumirpc.InstallDependenciesResponse]) error {
	return nil // go build gets them
}

// Run builds the program and runs it. The program itself talks to the engine.
func (h *host) Run(ctx context.Context, r *pulumirpc.RunRequest) (*pulumirpc.RunResponse, error) {
	program, done, err := build(ctx, r.Info.ProgramDirectory)
	if err != nil {
		return nil, err
	}
	defer done()
	config, err := json.Marshal(r.Config)
	if err != nil {
		return nil, err
	}
	secretKeys, err := json.Marshal(r.ConfigSecretKeys)
	if err != nil {
		return nil, err
	}
	cmd := exec.CommandContext(ctx, program)
	cmd.Dir, cmd.Stdout, cmd.Stderr = r.Pwd, os.Stdout, os.Stderr
	cmd.Env = append(os.Environ(),
		"PULUMI_ORGANIZATION="+r.Organization, "PULUMI_PROJECT="+r.Project, "PULUMI_STACK="+r.Stack,
		"PULUMI_ROOT_DIRECTORY="+r.Info.RootDirectory, "PULUMI_CONFIG="+string(config), "PULUMI_CONFIG_SECRET_KEYS="+string(secretKeys),
		"PULUMI_DRY_RUN="+strconv.FormatBool(r.DryRun), "PULUMI_PARALLEL="+strconv.Itoa(int(r.Parallel)),
		"PULUMI_MONITOR="+r.MonitorAddress, "PULUMI_ENGINE="+h.engine)
	var exit *exec.ExitError
	switch err := cmd.Run(); {
	case errors.As(err, &exit):
		// With this status, the program has told the engine why.
		return &pulumirpc.RunResponse{Error: "program failed: " + err.Error(), Bail: exit.ExitCode() == constant.ExitStatusLoggedError}, nil
	default:
		return &pulumirpc.RunResponse{}, err
	}
}

// RunPlugin builds a policy pack and runs it until the engine ends it.
func (h *host) RunPlugin(r *pulumirpc.RunPluginRequest, stream grpc.ServerStreamingServer[pulumirpc.RunPluginResponse]) error {
	plugin, done, err := build(stream.Context(), r.Info.ProgramDirectory)
	if err != nil {
		return err
	}
	defer done()
	cmd := exec.CommandContext(stream.Context(), plugin, r.Args...)
	cmd.Dir, cmd.Env = r.Pwd, r.Env
	cmd.Stdout = sender(func(p []byte) error {
		return stream.Send(&pulumirpc.RunPluginResponse{Output: &pulumirpc.RunPluginResponse_Stdout{Stdout: p}})
	})
	cmd.Stderr = sender(func(p []byte) error {
		return stream.Send(&pulumirpc.RunPluginResponse{Output: &pulumirpc.RunPluginResponse_Stderr{Stderr: p}})
	})
	err = cmd.Run()
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		return stream.Send(&pulumirpc.RunPluginResponse{Output: &pulumirpc.RunPluginResponse_Exitcode{Exitcode: int32(exit.ExitCode())}})
	}
	return err
}

type sender func([]byte) error

func (s sender) Write(p []byte) (int, error) { return len(p), s(p) }

// build compiles the program of a folder. The caller calls done when it has ended.
func build(ctx context.Context, dir string) (program string, done func(), err error) {
	into, err := os.MkdirTemp("", "pulumi-go-")
	if err != nil {
		return "", nil, err
	}
	done = func() { os.RemoveAll(into) }
	program = filepath.Join(into, "program")
	cmd := exec.CommandContext(ctx, "go", "build", "-o", program, ".")
	cmd.Dir = dir
	if out, err := cmd.CombinedOutput(); err != nil {
		done()
		return "", nil, fmt.Errorf("building %s: %w\n%s", dir, err, out)
	}
	return program, done, nil
}
