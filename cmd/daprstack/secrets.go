package main

import (
	"context"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/config"

	stackconfig "github.com/daprstack/daprstack/config"
)

// unknown is a decrypter that knows no secret.
type unknown struct{}

func (unknown) DecryptValue(context.Context, string) (string, error) {
	return stackconfig.Encrypted, nil
}

func (u unknown) BatchDecrypt(ctx context.Context, texts []string) ([]string, error) {
	return config.DefaultBatchDecrypt(ctx, u, texts)
}

// undeciphered is a decrypter that leaves values as they are encrypted.
type undeciphered struct{}

func (undeciphered) DecryptValue(_ context.Context, text string) (string, error) { return text, nil }

func (u undeciphered) BatchDecrypt(ctx context.Context, texts []string) ([]string, error) {
	return config.DefaultBatchDecrypt(ctx, u, texts)
}
