package serve

import (
	"fmt"

	"github.com/daprstack/daprstack/contracts"
)

// Env looks up an environment variable, as os.LookupEnv does.
type Env func(name string) (value string, set bool)

// URL returns the address in a variable that must be set; what names the
// service at that address, for errors.
func (e Env) URL(name, what string) (string, error) {
	address, _ := e(name)
	if address == "" {
		return "", fmt.Errorf("%s is not set: give the address of %s", name, what)
	}
	if problems := contracts.CheckURL(address); len(problems) > 0 {
		return "", fmt.Errorf("%s, the address of %s: %w", name, what, problems)
	}
	return address, nil
}
