// Command pulumi-resource-tls is Terraform's tls provider, bridged to Pulumi
// under the tokens of github.com/pulumi/pulumi-tls 5.3.1.
package main

import (
	tlsshim "github.com/hashicorp/terraform-provider-tls/shim"
	"github.com/pulumi/pulumi-terraform-bridge/v3/pkg/pf/tfbridge"
	info "github.com/pulumi/pulumi-terraform-bridge/v3/pkg/tfbridge"
	"github.com/pulumi/pulumi-terraform-bridge/v3/pkg/tfbridge/tokens"

	"github.com/daprstack/daprstack/toolchain/pulumi/bridge"
)

func main() {
	provider := info.ProviderInfo{
		Name:                           "tls",
		Version:                        "5.3.1",
		P:                              tfbridge.ShimProvider(tlsshim.New()),
		EnableZeroDefaultSchemaVersion: true,
	}
	provider.MustComputeTokens(tokens.SingleModule("tls_", "index", tokens.MakeStandard("tls")))
	bridge.Serve(provider)
}
