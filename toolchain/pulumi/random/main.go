// Command pulumi-resource-random is Terraform's random provider, bridged to
// Pulumi under the tokens of github.com/pulumi/pulumi-random 4.21.2.
package main

import (
	"context"
	"fmt"
	"strings"

	"github.com/pulumi/pulumi-terraform-bridge/v3/pkg/pf/tfbridge"
	info "github.com/pulumi/pulumi-terraform-bridge/v3/pkg/tfbridge"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/tokens"
	randomshim "github.com/terraform-providers/terraform-provider-random/shim"

	"github.com/daprstack/daprstack/toolchain/pulumi/bridge"
)

func main() {
	resources := make(map[string]*info.ResourceInfo)
	for _, name := range []string{"Bytes", "Id", "Integer", "Password", "Pet", "Shuffle", "String", "Uuid", "Uuid4", "Uuid7"} {
		token := tokens.Type("random:index/random" + name + ":Random" + name)
		resources["random_"+strings.ToLower(name)] = &info.ResourceInfo{Tok: token}
	}
	// random_bytes has no id of its own; its value is sensitive all the same.
	resources["random_bytes"].ComputeID = func(_ context.Context, state resource.PropertyMap) (resource.ID, error) {
		value := state["base64"]
		if value.IsSecret() {
			value = value.SecretValue().Element
		}
		if !value.IsString() {
			return "", fmt.Errorf("random_bytes: base64 is %v, not a string", value.TypeString())
		}
		return resource.ID(value.StringValue()), nil
	}
	bridge.Serve(info.ProviderInfo{
		Name:      "random",
		Version:   "4.21.2",
		P:         tfbridge.ShimProvider(randomshim.New()),
		Resources: resources,
	})
}
