package verify

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes/fake"

	"github.com/daprstack/daprstack/config"
	"github.com/daprstack/daprstack/internal/cluster"
)

// signer is a certificate with its key.
type signer struct {
	*x509.Certificate
	key *ecdsa.PrivateKey
	pem []byte
}

// newCertificate returns an authority's certificate, signed by another one or
// by itself.
func newCertificate(t *testing.T, by *signer, ends time.Time) *signer {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "test"},
		NotBefore: ends.AddDate(-10, 0, 0), NotAfter: ends,
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	if by == nil {
		by = &signer{Certificate: template, key: key}
	}
	der, err := x509.CreateCertificate(rand.Reader, template, by.Certificate, &key.PublicKey, by.key)
	require.NoError(t, err)
	made, err := x509.ParseCertificate(der)
	require.NoError(t, err)
	return &signer{made, key, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})}
}

func TestAuthority(t *testing.T) {
	const day = 24 * time.Hour
	ends := time.Date(2036, 1, 31, 0, 0, 0, 0, time.UTC)
	root, other := newCertificate(t, nil, ends), newCertificate(t, nil, ends)
	issuer := newCertificate(t, root, ends.AddDate(-9, 0, 0)) // 2027-01-31
	for _, c := range []struct {
		name    string
		trusted []byte
		issuer  []byte
		now     time.Time
		want    []string
		passes  bool
	}{
		{"all is well", root.pem, issuer.pem, issuer.NotAfter.Add(-31 * day),
			[]string{"the root ends on 2036-01-31, the issuer on 2027-01-31"}, true},
		{"the issuer is due", root.pem, issuer.pem, issuer.NotAfter.Add(-30 * day),
			[]string{"the issuer ends on 2027-01-31 and is due for renewal: run up"}, false},
		{"both are due", root.pem, issuer.pem, ends, []string{
			"the root ends on 2036-01-31 and is due for renewal: run up", "the issuer ends on 2027-01-31 and is due for renewal: run up"}, false},
		{"another root is trusted", other.pem, issuer.pem, issuer.NotAfter.Add(-31 * day),
			[]string{"the services trust another root than sentry's: run up"}, false},
		{"another authority's issuer", root.pem, newCertificate(t, other, ends).pem, ends.Add(-31 * day),
			[]string{"the issuer is not signed by the root: x509: ECDSA verification failure"}, false},
		{"no issuer", root.pem, nil, ends, []string{"the issuer in Secret dapr-trust-bundle: it is not a certificate in PEM"}, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			meta := metav1.ObjectMeta{Name: trustBundle, Namespace: "dapr-system"}
			v := &verifier{stack: &config.Stack{}, cluster: &cluster.Client{Kube: fake.NewClientset(
				&corev1.Secret{ObjectMeta: meta, Data: map[string][]byte{"ca.crt": root.pem, "issuer.crt": c.issuer}},
				&corev1.ConfigMap{ObjectMeta: meta, Data: map[string]string{"ca.crt": string(c.trusted)}},
			)}}
			config.Default(v.stack)
			err := v.authority(t.Context(), c.now)
			require.Equal(t, c.want, details(err))
			require.Equal(t, c.passes, !failed(err))
		})
	}
}
