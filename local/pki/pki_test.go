package pki

import (
	"crypto/tls"
	"crypto/x509"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func open(t *testing.T) *Dir {
	t.Helper()
	dir, err := Open(filepath.Join(t.TempDir(), "pki"))
	require.NoError(t, err)
	return dir
}

func authority(t *testing.T, dir *Dir) *Authority {
	t.Helper()
	ca, err := dir.Authority("ca")
	require.NoError(t, err)
	return ca
}

func read(t *testing.T, path string) string {
	t.Helper()
	data, err := os.ReadFile(path)
	require.NoError(t, err)
	return string(data)
}

var server = Certificate{Name: "server", CommonName: "a server", Organization: "servers", Hosts: []string{"10.0.0.1", "server.test"}}

func TestServerCertificateIsTrusted(t *testing.T) {
	dir := open(t)
	require.NoError(t, authority(t, dir).Issue(server))

	pair, err := tls.LoadX509KeyPair(dir.Cert("server"), dir.Key("server"))
	require.NoError(t, err, "key and certificate belong together")
	roots := x509.NewCertPool()
	require.True(t, roots.AppendCertsFromPEM([]byte(read(t, dir.Cert("ca")))))
	for _, host := range server.Hosts {
		_, err := pair.Leaf.Verify(x509.VerifyOptions{DNSName: host, Roots: roots, KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}})
		assert.NoError(t, err, host)
	}
	_, err = pair.Leaf.Verify(x509.VerifyOptions{DNSName: "other.test", Roots: roots})
	assert.Error(t, err)
	assert.Equal(t, []string{"servers"}, pair.Leaf.Subject.Organization)
}

func TestClientCertificateServesNobody(t *testing.T) {
	dir := open(t)
	require.NoError(t, authority(t, dir).Issue(Certificate{Name: "client", CommonName: "a client"}))
	cert, _, err := dir.load("client")
	require.NoError(t, err)
	assert.Equal(t, []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}, cert.ExtKeyUsage)
}

func TestWhatIsGoodIsKept(t *testing.T) {
	dir := open(t)
	require.NoError(t, authority(t, dir).Issue(server))
	require.NoError(t, dir.SigningKey("accounts"))
	names := []string{dir.Cert("ca"), dir.Key("ca"), dir.Cert("server"), dir.Key("server"), dir.Key("accounts"), dir.PublicKey("accounts")}
	before := map[string]string{}
	for _, name := range names {
		before[name] = read(t, name)
	}

	require.NoError(t, authority(t, dir).Issue(server))
	require.NoError(t, dir.SigningKey("accounts"))
	for _, name := range names {
		assert.Equal(t, before[name], read(t, name), name)
	}
}

func TestWhatIsNotGoodIsMadeAnew(t *testing.T) {
	for name, spoil := range map[string]func(t *testing.T, dir *Dir, c *Certificate){
		"another name":  func(_ *testing.T, _ *Dir, c *Certificate) { c.CommonName = "another" },
		"another group": func(_ *testing.T, _ *Dir, c *Certificate) { c.Organization = "" },
		"another host":  func(_ *testing.T, _ *Dir, c *Certificate) { c.Hosts = []string{"10.0.0.2", "server.test"} },
		"one host less": func(_ *testing.T, _ *Dir, c *Certificate) { c.Hosts = c.Hosts[:1] },
		"cut short":     func(t *testing.T, d *Dir, _ *Certificate) { require.NoError(t, os.Truncate(d.Cert("server"), 20)) },
		"key lost":      func(t *testing.T, d *Dir, _ *Certificate) { require.NoError(t, os.Remove(d.Key("server"))) },
		"key of another": func(t *testing.T, d *Dir, _ *Certificate) {
			require.NoError(t, os.WriteFile(d.Key("server"), []byte(read(t, d.Key("ca"))), 0o600))
		},
		"authority lost": func(t *testing.T, d *Dir, _ *Certificate) { require.NoError(t, os.Remove(d.Cert("ca"))) },
		"about to end": func(_ *testing.T, d *Dir, _ *Certificate) {
			d.now = func() time.Time { return time.Now().Add(lifetime - renewal + time.Hour) }
		},
	} {
		t.Run(name, func(t *testing.T) {
			dir := open(t)
			c := server
			require.NoError(t, authority(t, dir).Issue(c))
			before := read(t, dir.Cert("server"))
			spoil(t, dir, &c)

			ca := authority(t, dir)
			require.NoError(t, ca.Issue(c))
			assert.NotEqual(t, before, read(t, dir.Cert("server")))
			cert, _, err := dir.load("server")
			require.NoError(t, err)
			assert.NoError(t, cert.CheckSignatureFrom(ca.cert))
			assert.True(t, c.matches(cert))
		})
	}
}

func TestOnlyTheOwnerMayRead(t *testing.T) {
	dir := open(t)
	require.NoError(t, authority(t, dir).Issue(server))
	require.NoError(t, dir.SigningKey("accounts"))
	info, err := os.Stat(dir.path)
	require.NoError(t, err)
	assert.Equal(t, os.FileMode(0o700), info.Mode().Perm())
	entries, err := os.ReadDir(dir.path)
	require.NoError(t, err)
	require.Len(t, entries, 6)
	for _, e := range entries {
		info, err := e.Info()
		require.NoError(t, err)
		assert.Equal(t, os.FileMode(0o600), info.Mode().Perm(), e.Name())
	}
}
