// Package shim re-exports the provider, whose package is internal to its module.
// The path of this module allows the import.
package shim

import (
	"github.com/hashicorp/terraform-plugin-framework/provider"

	random "github.com/terraform-providers/terraform-provider-random/internal/provider"
)

// New returns Terraform's random provider.
func New() provider.Provider { return random.New() }
