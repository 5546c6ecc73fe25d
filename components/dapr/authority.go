package dapr

import (
	"errors"
	"fmt"
	"time"

	"github.com/pulumi/pulumi-tls/sdk/v5/go/tls"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// AuthorityType is the type token of [Authority].
const AuthorityType = "daprstack:dapr:Authority"

// AuthorityArgs are the arguments of [NewAuthority]. Lifetimes are whole hours.
type AuthorityArgs struct {
	// RootLifetime is how long the root certificate is valid. Required.
	RootLifetime time.Duration
	// IssuerLifetime is how long the issuer certificate is valid. Required, at most
	// RootLifetime.
	IssuerLifetime time.Duration
	// RenewBefore is how long before a certificate expires the next update renews
	// it. Required, less than IssuerLifetime.
	RenewBefore time.Duration
}

func (a *AuthorityArgs) check() error {
	switch {
	case a == nil:
		return errors.New("arguments are required")
	case a.RenewBefore < time.Hour || a.IssuerLifetime <= a.RenewBefore || a.RootLifetime < a.IssuerLifetime:
		return errors.New("renewBefore must be at least an hour, issuerLifetime longer, and rootLifetime not shorter than that")
	}
	return nil
}

// Authority is Dapr's certificate authority: a root, which every sidecar trusts,
// and the issuer, with which sentry signs the certificates of the sidecars.
// Without it, sentry makes one of its own when it starts, the control plane has
// to reload, and nobody is told when it expires.
//
// The keys are kept when a certificate is renewed, so what was signed before
// stays valid. They are secrets in the state. In the cluster, the issuer's key
// is only in the Secret that sentry reads; the root's key is not there at all.
type Authority struct {
	pulumi.ResourceState

	// Root and Issuer are the certificates, in PEM.
	Root, Issuer pulumi.StringOutput
	// IssuerKey is the issuer's private key, in PEM, always a secret.
	IssuerKey pulumi.StringOutput
}

// NewAuthority makes a certificate authority.
func NewAuthority(ctx *pulumi.Context, name string, args *AuthorityArgs, opts ...pulumi.ResourceOption) (*Authority, error) {
	if err := args.check(); err != nil {
		return nil, fmt.Errorf("certificate authority %q: %w", name, err)
	}
	a := &Authority{}
	if err := ctx.RegisterComponentResource(AuthorityType, name, a, opts...); err != nil {
		return nil, fmt.Errorf("registering certificate authority %q: %w", name, err)
	}
	if err := a.make(ctx, name, args); err != nil {
		return nil, fmt.Errorf("making certificate authority %q: %w", name, err)
	}
	return a, ctx.RegisterResourceOutputs(a, pulumi.Map{"root": a.Root, "issuer": a.Issuer})
}

// signing lists the allowed uses of an authority's certificates.
var signing = pulumi.ToStringArray([]string{"cert_signing", "crl_signing", "digital_signature"})

func (a *Authority) make(ctx *pulumi.Context, name string, args *AuthorityArgs) error {
	child, renew := pulumi.Parent(a), pulumi.Int(hours(args.RenewBefore))
	rootKey, err := privateKey(ctx, name+"-root-key", child)
	if err != nil {
		return err
	}
	root, err := tls.NewSelfSignedCert(ctx, name+"-root", &tls.SelfSignedCertArgs{
		PrivateKeyPem: rootKey.PrivateKeyPem, IsCaCertificate: pulumi.Bool(true), AllowedUses: signing,
		Subject:         &tls.SelfSignedCertSubjectArgs{CommonName: pulumi.String("daprstack root"), Organization: pulumi.String(trustDomain)},
		SetSubjectKeyId: pulumi.Bool(true), SetAuthorityKeyId: pulumi.Bool(true),
		ValidityPeriodHours: pulumi.Int(hours(args.RootLifetime)), EarlyRenewalHours: renew,
	}, child)
	if err != nil {
		return err
	}
	issuerKey, err := privateKey(ctx, name+"-issuer-key", child)
	if err != nil {
		return err
	}
	request, err := tls.NewCertRequest(ctx, name+"-issuer-request", &tls.CertRequestArgs{
		PrivateKeyPem: issuerKey.PrivateKeyPem,
		Subject:       &tls.CertRequestSubjectArgs{CommonName: pulumi.String("daprstack issuer"), Organization: pulumi.String(trustDomain)},
	}, child)
	if err != nil {
		return err
	}
	issuer, err := tls.NewLocallySignedCert(ctx, name+"-issuer", &tls.LocallySignedCertArgs{
		CertRequestPem: request.CertRequestPem, CaPrivateKeyPem: rootKey.PrivateKeyPem, CaCertPem: root.CertPem,
		IsCaCertificate: pulumi.Bool(true), AllowedUses: signing, SetSubjectKeyId: pulumi.Bool(true),
		ValidityPeriodHours: pulumi.Int(hours(args.IssuerLifetime)), EarlyRenewalHours: renew,
	}, child)
	if err != nil {
		return err
	}
	a.Root, a.Issuer = root.CertPem, issuer.CertPem
	a.IssuerKey = pulumi.ToSecret(issuerKey.PrivateKeyPem).(pulumi.StringOutput)
	return nil
}

func privateKey(ctx *pulumi.Context, name string, opts ...pulumi.ResourceOption) (*tls.PrivateKey, error) {
	return tls.NewPrivateKey(ctx, name, &tls.PrivateKeyArgs{
		Algorithm: pulumi.String("ECDSA"), EcdsaCurve: pulumi.String("P256"),
	}, append(opts, pulumi.AdditionalSecretOutputs([]string{"privateKeyPem", "privateKeyOpenssh", "privateKeyPemPkcs8"}))...)
}

func hours(d time.Duration) int { return int(d / time.Hour) }
