// Package bridge serves a Terraform provider as a Pulumi plugin.
package bridge

import (
	"context"
	"fmt"
	"io"
	"os"

	"github.com/pulumi/pulumi-terraform-bridge/v3/pkg/pf/tfbridge"
	"github.com/pulumi/pulumi-terraform-bridge/v3/pkg/pf/tfgen"
	info "github.com/pulumi/pulumi-terraform-bridge/v3/pkg/tfbridge"
	"github.com/pulumi/pulumi/sdk/v3/go/common/diag"
	"github.com/pulumi/pulumi/sdk/v3/go/common/diag/colors"
)

// Serve serves a provider until the engine ends it. The program exits with
// status 1 if no schema can be generated from the provider.
func Serve(provider info.ProviderInfo) {
	ctx := context.Background()
	provider.MetadataInfo = info.NewProviderMetadata([]byte(`{}`))
	schema, err := tfgen.GenerateSchema(ctx, tfgen.GenerateSchemaOptions{
		ProviderInfo: provider,
		// standard output belongs to the plugin protocol
		DiagnosticsSink: diag.DefaultSink(io.Discard, os.Stderr, diag.FormatOptions{Color: colors.Never}),
		XInMemoryDocs:   true,
	})
	if err != nil {
		fmt.Fprintf(os.Stderr, "pulumi-resource-%s: generating the schema: %v\n", provider.Name, err)
		os.Exit(1)
	}
	tfbridge.Main(ctx, provider.Name, provider, schema.ProviderMetadata)
}
