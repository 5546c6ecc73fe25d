package render

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"strings"
	"sync"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"
	"github.com/pulumi/pulumi/sdk/v3/go/common/util/rpcutil"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/emptypb"

	"github.com/daprstack/daprstack/toolchain"
)

// Charts renders Helm charts with the provider that up renders them with, but
// without a cluster. What one chart gives for the same values is rendered once. It
// is safe for concurrent use.
type Charts struct {
	find func(context.Context) (path string, err error)

	mu       sync.Mutex
	rendered map[string]resource.PropertyMap
	provider *provider
}

// NewCharts returns a renderer. The binary of the provider is asked for when the
// first chart is rendered; a stack without a control plane has none. Close ends the
// provider.
func NewCharts(find func(context.Context) (path string, err error)) *Charts {
	return &Charts{find: find, rendered: map[string]resource.PropertyMap{}}
}

// template is the provider's function kubernetes:helm:template.
func (c *Charts) template(ctx context.Context, args resource.PropertyMap) (resource.PropertyMap, error) {
	options := args["jsonOpts"].StringValue()
	c.mu.Lock()
	defer c.mu.Unlock()
	if done, ok := c.rendered[options]; ok {
		return done, nil
	}
	if c.provider == nil {
		path, err := c.find(ctx)
		if err != nil {
			return nil, err
		}
		if c.provider, err = startProvider(ctx, path); err != nil {
			return nil, err
		}
	}
	done, err := c.provider.template(ctx, options)
	if err != nil {
		return nil, err
	}
	c.rendered[options] = done
	return done, nil
}

// Close ends the provider, if one runs.
func (c *Charts) Close() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.provider == nil {
		return nil
	}
	return c.provider.stop()
}

// provider is a running Kubernetes provider that knows no cluster.
type provider struct {
	cmd        *exec.Cmd
	engine     *grpc.Server
	connection *grpc.ClientConn
	client     pulumirpc.ResourceProviderClient
}

// startProvider starts the plugin as the engine does: it gets the engine's address
// and prints its own port.
func startProvider(ctx context.Context, path string) (*provider, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("starting the Kubernetes provider: %w", err)
	}
	p := &provider{engine: grpc.NewServer()}
	pulumirpc.RegisterEngineServer(p.engine, silent{})
	go func() { _ = p.engine.Serve(listener) }() // until stop
	// It looks at whether the engine is there, and ends when it is not.
	p.cmd = exec.CommandContext(ctx, path, listener.Addr().String())
	p.cmd.Env = append(os.Environ(), "KUBECONFIG="+os.DevNull)
	if err := p.start(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("starting the Kubernetes provider: %w", err), p.stop())
	}
	return p, nil
}

func (p *provider) start(ctx context.Context) error {
	stdout, err := p.cmd.StdoutPipe()
	if err != nil {
		return err
	}
	if err := p.cmd.Start(); err != nil {
		return err
	}
	port, err := bufio.NewReader(stdout).ReadString('\n')
	if err != nil {
		return fmt.Errorf("reading its port: %w", err)
	}
	p.connection, err = grpc.NewClient("127.0.0.1:"+strings.TrimSpace(port),
		grpc.WithTransportCredentials(insecure.NewCredentials()), rpcutil.GrpcChannelOptions())
	if err != nil {
		return err
	}
	p.client = pulumirpc.NewResourceProviderClient(p.connection)
	_, err = p.client.Configure(ctx, &pulumirpc.ConfigureRequest{
		Variables: map[string]string{"kubernetes:config:context": "none"},
	})
	return err
}

// template renders a chart. The provider would ask the cluster for its version and
// its APIs; here it is the Kubernetes that the stack is tested on.
func (p *provider) template(ctx context.Context, options string) (resource.PropertyMap, error) {
	all := map[string]any{}
	if err := json.Unmarshal([]byte(options), &all); err != nil {
		return nil, fmt.Errorf("reading the options of the chart: %w", err)
	}
	all["kube_version"], all["api_versions"] = "v"+toolchain.KubernetesVersion, []string{"v1"}
	text, err := json.Marshal(all)
	if err != nil {
		return nil, fmt.Errorf("writing the options of the chart: %w", err)
	}
	args, err := plugin.MarshalProperties(resource.PropertyMap{"jsonOpts": resource.NewProperty(string(text))}, plugin.MarshalOptions{})
	if err != nil {
		return nil, err
	}
	answer, err := p.client.Invoke(ctx, &pulumirpc.InvokeRequest{Tok: helmTemplate, Args: args})
	if err != nil {
		return nil, errors.New(status.Convert(err).Message())
	}
	return plugin.UnmarshalProperties(answer.GetReturn(), plugin.MarshalOptions{})
}

func (p *provider) stop() error {
	var err error
	if p.connection != nil {
		err = p.connection.Close()
	}
	if p.cmd.Process != nil {
		_ = p.cmd.Process.Kill() // it may have ended
		_ = p.cmd.Wait()         // killed
	}
	p.engine.Stop()
	return err
}

// silent is an engine that a provider can log to.
type silent struct {
	pulumirpc.UnimplementedEngineServer
}

func (silent) Log(context.Context, *pulumirpc.LogRequest) (*emptypb.Empty, error) {
	return &emptypb.Empty{}, nil
}
