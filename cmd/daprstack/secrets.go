package main

import (
	"context"
	"fmt"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/config"
)

// ciphertexts is a decrypter that returns ciphertexts unchanged and records them.
type ciphertexts map[string]bool

func (c ciphertexts) DecryptValue(_ context.Context, text string) (string, error) {
	c[text] = true
	return text, nil
}

func (c ciphertexts) BatchDecrypt(ctx context.Context, texts []string) ([]string, error) {
	return config.DefaultBatchDecrypt(ctx, c, texts)
}

// encrypted returns the ciphertexts in the configuration of the stack.
func (t *target) encrypted() (ciphertexts, error) {
	found := ciphertexts{}
	for key, value := range t.settings.Config {
		if _, err := value.Value(found); err != nil {
			return nil, fmt.Errorf("reading %s: %w", key, err)
		}
	}
	return found, nil
}
