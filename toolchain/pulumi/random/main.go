// Command pulumi-resource-random is Terraform's random provider, bridged to
// Pulumi under the tokens of github.com/pulumi/pulumi-random 4.21.2.
package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/pulumi/pulumi-terraform-bridge/v3/pkg/pf/tfbridge"
	"github.com/pulumi/pulumi-terraform-bridge/v3/pkg/pf/tfgen"
	info "github.com/pulumi/pulumi-terraform-bridge/v3/pkg/tfbridge"
	"github.com/pulumi/pulumi/sdk/v3/go/common/diag"
	"github.com/pulumi/pulumi/sdk/v3/go/common/diag/colors"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/tokens"
	randomshim "github.com/terraform-providers/terraform-provider-random/shim"
)

func main() {
	ctx := context.Background()
	provider := providerInfo()
	schema, err := tfgen.GenerateSchema(ctx, tfgen.GenerateSchemaOptions{
		ProviderInfo: provider,
		// standard output belongs to the plugin protocol
		DiagnosticsSink: diag.DefaultSink(io.Discard, os.Stderr, diag.FormatOptions{Color: colors.Never}),
		XInMemoryDocs:   true,
	})
	if err != nil {
		fmt.Fprintln(os.Stderr, "pulumi-resource-random: generating the schema:", err)
		os.Exit(1)
	}
	tfbridge.Main(ctx, "random", provider, schema.ProviderMetadata)
}

func providerInfo() info.ProviderInfo {
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
	return info.ProviderInfo{
		Name:         "random",
		Version:      "4.21.2",
		P:            tfbridge.ShimProvider(randomshim.New()),
		MetadataInfo: info.NewProviderMetadata([]byte(`{}`)),
		Resources:    resources,
	}
}
