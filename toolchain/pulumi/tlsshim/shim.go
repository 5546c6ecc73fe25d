// Package shim re-exports the provider, whose package is internal to its module.
// The path of this module allows the import.
package shim

import (
	"github.com/hashicorp/terraform-plugin-framework/provider"

	tls "github.com/hashicorp/terraform-provider-tls/internal/provider"
)

// New returns Terraform's tls provider.
func New() provider.Provider { return tls.New() }
