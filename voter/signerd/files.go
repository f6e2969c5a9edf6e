package signerd

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/dualchain/dualchain/internal/textfile"
	"github.com/dualchain/dualchain/voter/keys"
)

// maxKey bounds the size of a private key's file in bytes. The largest RSA keys need a tenth of it.
const maxKey = 64 << 10

// Files are the PEM files of one side of the connection. They are read again for each connection, so that new ones take effect
// without a restart.
type Files struct {
	CA          string // certificates of the authority that issued the other side's certificate
	Certificate string // this side's certificate, then intermediate ones if there are any
	Key         string // its private key, with mode 0600
}

// identity is the content of Files.
type identity struct {
	files     Files
	pair      tls.Certificate
	authority []*x509.Certificate
}

// read wraps ErrCertificate and names the file if one can't be used. It doesn't check dates.
func (f Files) read() (*identity, error) {
	ca, caErr := os.ReadFile(f.CA)
	certificate, certificateErr := os.ReadFile(f.Certificate)
	key, keyErr := keys.ReadPrivate(f.Key, maxKey)
	secret := key
	defer clear(secret)
	for _, err := range []error{caErr, certificateErr, keyErr} {
		if err != nil {
			return nil, fmt.Errorf("%w: %w", ErrCertificate, err)
		}
	}
	for _, text := range []struct {
		file    string
		content *[]byte
	}{{f.CA, &ca}, {f.Certificate, &certificate}, {f.Key, &key}} {
		clean, err := textfile.Text(*text.content)
		if err != nil {
			return nil, fmt.Errorf("%w: %s: %w", ErrCertificate, text.file, err)
		}
		*text.content = clean
	}
	pair, err := tls.X509KeyPair(certificate, key)
	if err != nil {
		return nil, fmt.Errorf("%w: %s with key %s: %w", ErrCertificate, f.Certificate, f.Key, err)
	}
	authority, err := certificatesIn(ca)
	if err != nil {
		return nil, fmt.Errorf("%w: %s: %w", ErrCertificate, f.CA, err)
	}
	return &identity{files: f, pair: pair, authority: authority}, nil
}

// certificatesIn returns all certificates of a PEM file, at least one.
func certificatesIn(content []byte) ([]*x509.Certificate, error) {
	var found []*x509.Certificate
	for block, rest := pem.Decode(content); block != nil; block, rest = pem.Decode(rest) {
		if block.Type != "CERTIFICATE" {
			return nil, fmt.Errorf("expected certificates only, found %s", block.Type)
		}
		certificate, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return nil, err
		}
		found = append(found, certificate)
	}
	if len(found) == 0 {
		return nil, errors.New("expected at least one PEM certificate, found none")
	}
	return found, nil
}

// inDate wraps ErrCertificate, with the file and the dates, if this side's certificate or all certificates of the authority are
// expired or not yet valid.
func (i *identity) inDate(now time.Time) error {
	if err := inDate(i.pair.Leaf, now); err != nil {
		return fmt.Errorf("%w: %s: %w", ErrCertificate, i.files.Certificate, err)
	}
	var err error
	for _, certificate := range i.authority {
		if err = inDate(certificate, now); err == nil {
			return nil
		}
	}
	return fmt.Errorf("%w: %s: %w", ErrCertificate, i.files.CA, err)
}

func inDate(certificate *x509.Certificate, now time.Time) error {
	if now.Before(certificate.NotBefore) || now.After(certificate.NotAfter) {
		return fmt.Errorf("expected it to be valid on %s, found it %s", now.UTC().Format(time.RFC3339), describe(certificate))
	}
	return nil
}

// describe returns what an operator needs to know to replace a certificate.
func describe(c *x509.Certificate) string {
	return fmt.Sprintf("%s issued by %s valid from %s to %s", c.Subject, c.Issuer,
		c.NotBefore.UTC().Format(time.RFC3339), c.NotAfter.UTC().Format(time.RFC3339))
}

func (i *identity) pool() *x509.CertPool {
	pool := x509.NewCertPool()
	for _, certificate := range i.authority {
		pool.AddCert(certificate)
	}
	return pool
}

// server accepts clients with a certificate of the authority. Sessions aren't resumed, so each connection shows its certificate.
func (i *identity) server() *tls.Config {
	return &tls.Config{
		MinVersion:             tls.VersionTLS13,
		Certificates:           []tls.Certificate{i.pair},
		ClientCAs:              i.pool(),
		ClientAuth:             tls.RequireAndVerifyClientCert,
		SessionTicketsDisabled: true,
	}
}

// client accepts a server with a certificate of the authority for the dialed host.
func (i *identity) client() *tls.Config {
	return &tls.Config{
		MinVersion:   tls.VersionTLS13,
		Certificates: []tls.Certificate{i.pair},
		RootCAs:      i.pool(),
	}
}
