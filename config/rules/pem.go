package rules

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"strings"
)

// Certificates checks that a text is certificates in PEM form and nothing else: a
// private key there would be written in clear (T-08).
func Certificates(text string) []Reason {
	found := 0
	block, rest := pem.Decode([]byte(text))
	for ; block != nil; block, rest = pem.Decode(rest) {
		found++
		if block.Type != "CERTIFICATE" {
			return because("T-08", "must be certificates only, without a private key")
		}
		if _, err := x509.ParseCertificate(block.Bytes); err != nil {
			return because("T-08", "must be certificates in PEM form: %v", err)
		}
	}
	if found == 0 || strings.TrimSpace(string(rest)) != "" {
		return because("T-08", "must be certificates in PEM form")
	}
	return nil
}

// KeyPair checks that a private key belongs to a certificate, both in PEM form
// (T-08).
func KeyPair(certificate, key string) []Reason {
	if _, err := tls.X509KeyPair([]byte(certificate), []byte(key)); err != nil {
		return because("T-08", "must be the private key of clientCert, in PEM form")
	}
	return nil
}
