package redistest

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// TLS is a private authority and a certificate that it signed, for the servers at
// one address and for their clients.
type TLS struct {
	CA, Cert, Key string // PEM

	dir string
}

// NewTLS makes an authority and a certificate for an IP address.
func NewTLS(t testing.TB, host string) *TLS {
	t.Helper()
	authority, authorityKey := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "redistest"}, NotAfter: time.Now().Add(24 * time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}, newKey(t)
	leaf, leafKey := &x509.Certificate{
		SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: host}, NotAfter: authority.NotAfter, IPAddresses: []net.IP{net.ParseIP(host)},
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
	}, newKey(t)
	made := &TLS{dir: t.TempDir()}
	sign := func(template *x509.Certificate, key *ecdsa.PrivateKey) string {
		signed, err := x509.CreateCertificate(rand.Reader, template, authority, &key.PublicKey, authorityKey)
		require.NoError(t, err)
		return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: signed}))
	}
	made.CA, made.Cert = sign(authority, authorityKey), sign(leaf, leafKey)
	bare, err := x509.MarshalPKCS8PrivateKey(leafKey)
	require.NoError(t, err)
	made.Key = string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: bare}))
	for name, text := range map[string]string{"ca.crt": made.CA, "tls.crt": made.Cert, "tls.key": made.Key} {
		require.NoError(t, os.WriteFile(filepath.Join(made.dir, name), []byte(text), 0o600))
	}
	return made
}

func newKey(t testing.TB) *ecdsa.PrivateKey {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	return key
}

// Config returns what a client needs: the authority, and the certificate that
// servers ask it for.
func (s *TLS) Config() *tls.Config {
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM([]byte(s.CA))
	pair, _ := tls.X509KeyPair([]byte(s.Cert), []byte(s.Key)) // made above
	return &tls.Config{RootCAs: pool, Certificates: []tls.Certificate{pair}, MinVersion: tls.VersionTLS12}
}

// lines returns the configuration of a process that listens on a port.
func (s *TLS) lines(t testing.TB, port int) []string {
	t.Helper()
	if s == nil {
		return []string{fmt.Sprintf("port %d", port)}
	}
	at := func(name string) string { return filepath.Join(s.dir, name) }
	return []string{
		"port 0", fmt.Sprintf("tls-port %d", port),
		"tls-ca-cert-file " + at("ca.crt"), "tls-cert-file " + at("tls.crt"), "tls-key-file " + at("tls.key"),
		"tls-auth-clients yes", "tls-replication yes",
	}
}
