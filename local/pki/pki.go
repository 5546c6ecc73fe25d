// Package pki makes the local cluster's certificate authorities, certificates and
// keys, and keeps them in a directory that only its owner may read.
package pki

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"time"
)

const (
	lifetime = 10 * 365 * 24 * time.Hour
	// renewal is how long before its expiry a certificate is replaced.
	renewal = 30 * 24 * time.Hour
	// skew allows for a clock that is set back later.
	skew = time.Hour
)

// Certificate describes a certificate.
type Certificate struct {
	// Name is the base name of its files, <Name>.crt and <Name>.key.
	Name string
	// CommonName and Organization are the subject. Kubernetes takes them for the
	// user and group of a client. Organization may be empty.
	CommonName   string
	Organization string
	// Hosts are the IP addresses and DNS names of a server. Default none, for a
	// certificate that only a client can use.
	Hosts []string
}

// Dir is a directory of PEM files.
type Dir struct {
	path string
	now  func() time.Time
}

// Open returns the directory at path, which it makes with mode 0700 if it is
// missing.
func Open(path string) (*Dir, error) {
	if err := os.MkdirAll(path, 0o700); err != nil {
		return nil, fmt.Errorf("making the directory of the certificates: %w", err)
	}
	return &Dir{path: path, now: time.Now}, nil
}

// Cert returns the path of a certificate's file.
func (d *Dir) Cert(name string) string { return filepath.Join(d.path, name+".crt") }

// Key returns the path of a private key's file.
func (d *Dir) Key(name string) string { return filepath.Join(d.path, name+".key") }

// Authority is a certificate authority with its key.
type Authority struct {
	dir  *Dir
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
}

// Authority returns the authority of that name. It makes a new one if the old one
// is missing, broken or about to expire.
func (d *Dir) Authority(name string) (*Authority, error) {
	if cert, key, err := d.load(name); err == nil && cert.IsCA && d.fresh(cert) {
		return &Authority{dir: d, cert: cert, key: key}, nil
	}
	template, err := d.template(pkix.Name{CommonName: "daprstack local " + name})
	if err != nil {
		return nil, err
	}
	template.IsCA = true
	template.BasicConstraintsValid = true
	template.KeyUsage = x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature
	key, err := newKey()
	if err != nil {
		return nil, err
	}
	cert, err := d.write(name, template, template, key, key)
	if err != nil {
		return nil, fmt.Errorf("making the certificate authority %s: %w", name, err)
	}
	return &Authority{dir: d, cert: cert, key: key}, nil
}

// Issue makes the certificate and its key, unless their files already hold ones
// that match, are signed by the authority and are not about to expire.
func (a *Authority) Issue(c Certificate) error {
	if cert, _, err := a.dir.load(c.Name); err == nil && a.dir.fresh(cert) && a.signed(cert) && c.matches(cert) {
		return nil
	}
	subject := pkix.Name{CommonName: c.CommonName}
	if c.Organization != "" {
		subject.Organization = []string{c.Organization}
	}
	template, err := a.dir.template(subject)
	if err != nil {
		return err
	}
	template.KeyUsage = x509.KeyUsageDigitalSignature
	template.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}
	if len(c.Hosts) > 0 {
		template.ExtKeyUsage = append(template.ExtKeyUsage, x509.ExtKeyUsageServerAuth)
	}
	for _, host := range c.Hosts {
		if ip := net.ParseIP(host); ip != nil {
			template.IPAddresses = append(template.IPAddresses, ip)
		} else {
			template.DNSNames = append(template.DNSNames, host)
		}
	}
	key, err := newKey()
	if err != nil {
		return err
	}
	if _, err := a.dir.write(c.Name, template, a.cert, key, a.key); err != nil {
		return fmt.Errorf("making the certificate %s: %w", c.Name, err)
	}
	return nil
}

// SigningKey makes the private key of that name unless it exists, and writes its
// public key to <name>.pub.
func (d *Dir) SigningKey(name string) error {
	key, err := d.loadKey(name)
	if err != nil {
		if key, err = newKey(); err != nil {
			return err
		}
		if err := d.writeKey(name, key); err != nil {
			return err
		}
	}
	der, err := x509.MarshalPKIXPublicKey(&key.PublicKey)
	if err != nil {
		return fmt.Errorf("encoding the public key %s: %w", name, err)
	}
	return writePEM(d.PublicKey(name), "PUBLIC KEY", der)
}

// PublicKey returns the path of a public key's file.
func (d *Dir) PublicKey(name string) string { return filepath.Join(d.path, name+".pub") }

func (a *Authority) signed(cert *x509.Certificate) bool {
	return cert.CheckSignatureFrom(a.cert) == nil
}

func (c Certificate) matches(cert *x509.Certificate) bool {
	if cert.Subject.CommonName != c.CommonName || len(cert.IPAddresses)+len(cert.DNSNames) != len(c.Hosts) {
		return false
	}
	for _, host := range c.Hosts {
		if cert.VerifyHostname(host) != nil {
			return false
		}
	}
	if c.Organization == "" {
		return len(cert.Subject.Organization) == 0
	}
	return len(cert.Subject.Organization) == 1 && cert.Subject.Organization[0] == c.Organization
}

func (d *Dir) fresh(cert *x509.Certificate) bool {
	now := d.now()
	return now.After(cert.NotBefore) && now.Add(renewal).Before(cert.NotAfter)
}

func (d *Dir) template(subject pkix.Name) (*x509.Certificate, error) {
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 127))
	if err != nil {
		return nil, fmt.Errorf("making a serial number: %w", err)
	}
	return &x509.Certificate{
		SerialNumber: serial,
		Subject:      subject,
		NotBefore:    d.now().Add(-skew),
		NotAfter:     d.now().Add(lifetime),
	}, nil
}

func (d *Dir) load(name string) (*x509.Certificate, *ecdsa.PrivateKey, error) {
	der, err := readPEM(d.Cert(name))
	if err != nil {
		return nil, nil, err
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		return nil, nil, err
	}
	key, err := d.loadKey(name)
	if err != nil {
		return nil, nil, err
	}
	if !key.PublicKey.Equal(cert.PublicKey) {
		return nil, nil, errors.New("the key does not belong to the certificate")
	}
	return cert, key, nil
}

func (d *Dir) loadKey(name string) (*ecdsa.PrivateKey, error) {
	der, err := readPEM(d.Key(name))
	if err != nil {
		return nil, err
	}
	return x509.ParseECPrivateKey(der)
}

// write signs the template and writes the key and then the certificate: a
// certificate whose key is missing would look complete.
func (d *Dir) write(name string, template, parent *x509.Certificate, key, signer *ecdsa.PrivateKey) (*x509.Certificate, error) {
	der, err := x509.CreateCertificate(rand.Reader, template, parent, &key.PublicKey, signer)
	if err != nil {
		return nil, err
	}
	if err := d.writeKey(name, key); err != nil {
		return nil, err
	}
	if err := writePEM(d.Cert(name), "CERTIFICATE", der); err != nil {
		return nil, err
	}
	return x509.ParseCertificate(der)
}

func (d *Dir) writeKey(name string, key *ecdsa.PrivateKey) error {
	der, err := x509.MarshalECPrivateKey(key)
	if err != nil {
		return fmt.Errorf("encoding the key %s: %w", name, err)
	}
	return writePEM(d.Key(name), "EC PRIVATE KEY", der)
}

func newKey() (*ecdsa.PrivateKey, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("generating a key: %w", err)
	}
	return key, nil
}

func readPEM(path string) ([]byte, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	block, _ := pem.Decode(data)
	if block == nil {
		return nil, fmt.Errorf("%s holds no PEM block", path)
	}
	return block.Bytes, nil
}

func writePEM(path, kind string, der []byte) error {
	return os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), 0o600)
}
