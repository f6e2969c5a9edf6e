package signerd

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"time"

	"github.com/dualchain/dualchain/internal/durable"
)

// Names of the authority and of the signer. Their files are ca.crt, ca.key, server.crt and server.key.
const (
	authorityName = "ca"
	serverName    = "server"
)

// backdate makes a new certificate valid on a machine whose clock is behind.
const backdate = time.Hour

var (
	validClient = regexp.MustCompile(`^[a-z0-9][a-z0-9._-]{0,62}$`)
	validHost   = regexp.MustCompile(`^[A-Za-z0-9]([A-Za-z0-9.-]{0,251}[A-Za-z0-9])?$`)
)

// Plan lists the certificates to issue. Each name has two files, NAME.crt and NAME.key.
type Plan struct {
	Folder    string
	Hosts     []string      // names and addresses by which voters reach the signer
	Clients   []string      // names of voters
	Authority time.Duration // how long a new authority is valid
	Leaf      time.Duration // how long the other certificates are valid, at most as long as the authority
}

// Issued is a certificate of a Plan.
type Issued struct {
	Name        string    `json:"name"`
	Certificate string    `json:"certificate"` // path
	Key         string    `json:"key"`         // path
	Until       time.Time `json:"until"`
	Fingerprint string    `json:"fingerprint"`
	New         bool      `json:"new"`
}

// Issue issues the certificates of the plan that don't exist yet, with ECDSA keys on P-256. It replaces none: to renew one, move
// its files away first. Errors: ErrCertificate for an invalid plan or invalid files, those of writing.
func Issue(plan Plan) ([]Issued, error) {
	all, err := plan.issue(time.Now().Truncate(time.Second))
	if err != nil {
		return nil, fmt.Errorf("issue certificates: %w", err)
	}
	return all, nil
}

func (p Plan) issue(now time.Time) ([]Issued, error) {
	if err := p.validate(); err != nil {
		return nil, err
	}
	authority, err := issue(p.Folder, &x509.Certificate{
		Subject:   pkix.Name{CommonName: authorityName},
		NotBefore: now.Add(-backdate), NotAfter: now.Add(p.Authority),
		KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageCRLSign,
		IsCA:     true, BasicConstraintsValid: true, MaxPathLenZero: true,
	}, nil)
	if err != nil {
		return nil, err
	}
	if err := inDate(authority.certificate, now); err != nil {
		return nil, fmt.Errorf("%w: %s: %w", ErrCertificate, authority.Certificate, err)
	}
	until := now.Add(p.Leaf)
	if until.After(authority.Until) {
		until = authority.Until
	}
	all := []Issued{authority.Issued}
	for _, name := range append([]string{serverName}, p.Clients...) {
		leaf := &x509.Certificate{
			Subject:   pkix.Name{CommonName: name},
			NotBefore: now.Add(-backdate), NotAfter: until,
			KeyUsage:    x509.KeyUsageDigitalSignature,
			ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
		}
		if name == serverName {
			leaf.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}
			leaf.DNSNames, leaf.IPAddresses = p.hosts()
		}
		made, err := issue(p.Folder, leaf, authority)
		if err != nil {
			return nil, err
		}
		all = append(all, made.Issued)
	}
	return all, nil
}

func (p Plan) hosts() (names []string, addresses []net.IP) {
	for _, host := range p.Hosts {
		if ip := net.ParseIP(host); ip != nil {
			addresses = append(addresses, ip)
		} else {
			names = append(names, host)
		}
	}
	return names, addresses
}

func (p Plan) validate() error {
	for _, host := range p.Hosts {
		if net.ParseIP(host) == nil && !validHost.MatchString(host) {
			return fmt.Errorf("%w: hosts: expected names and addresses, found %q", ErrCertificate, host)
		}
	}
	if len(p.Hosts) == 0 {
		return fmt.Errorf("%w: hosts: expected at least one, found none", ErrCertificate)
	}
	for i, name := range p.Clients {
		if !validClient.MatchString(name) || name == authorityName || name == serverName || slices.Contains(p.Clients[:i], name) {
			return fmt.Errorf("%w: clients: expected different names of a-z 0-9 . _ -, not %q or %q, found %q",
				ErrCertificate, authorityName, serverName, name)
		}
	}
	if p.Leaf <= 0 || p.Authority < p.Leaf {
		return fmt.Errorf("%w: expected an authority valid as long as the others, found %s and %s", ErrCertificate, p.Authority, p.Leaf)
	}
	return nil
}

// issuer is a certificate with its private key.
type issuer struct {
	Issued
	certificate *x509.Certificate
	key         *ecdsa.PrivateKey
}

// issue makes a certificate and its files from the template, signed by an authority, or self-signed if by is nil. It reads the
// files if they exist already. It refuses if only one of the two exists.
func issue(folder string, template *x509.Certificate, by *issuer) (*issuer, error) {
	name := template.Subject.CommonName
	made := &issuer{Issued: Issued{
		Name: name, Certificate: filepath.Join(folder, name+".crt"), Key: filepath.Join(folder, name+".key"),
	}}
	there, err := both(made.Certificate, made.Key)
	if err == nil && there {
		err = made.read()
	} else if err == nil {
		err = made.write(template, by)
	}
	if err != nil {
		return nil, err
	}
	made.Until, made.Fingerprint, made.New = made.certificate.NotAfter.UTC(), Fingerprint(made.certificate), !there
	return made, nil
}

// both reports whether both files exist. It wraps ErrCertificate if only one does.
func both(certificate, key string) (bool, error) {
	_, certificateErr := os.Stat(certificate)
	_, keyErr := os.Stat(key)
	for _, err := range []error{certificateErr, keyErr} {
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return false, err
		}
	}
	if (certificateErr == nil) != (keyErr == nil) {
		return false, fmt.Errorf("%w: expected %s and %s or neither, found one of them", ErrCertificate, certificate, key)
	}
	return certificateErr == nil, nil
}

func (i *issuer) read() error {
	own, err := Files{CA: i.Certificate, Certificate: i.Certificate, Key: i.Key}.read()
	if err != nil {
		return err
	}
	key, ok := own.pair.PrivateKey.(*ecdsa.PrivateKey)
	if !ok {
		return fmt.Errorf("%w: %s: expected an ECDSA key, found %T", ErrCertificate, i.Key, own.pair.PrivateKey)
	}
	i.certificate, i.key = own.pair.Leaf, key
	return nil
}

func (i *issuer) write(template *x509.Certificate, by *issuer) (err error) {
	if i.key, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader); err != nil {
		return fmt.Errorf("make a key: %w", err)
	}
	if template.SerialNumber, err = rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 127)); err != nil {
		return fmt.Errorf("draw a serial number: %w", err)
	}
	if by == nil {
		by = &issuer{certificate: template, key: i.key}
	}
	der, err := x509.CreateCertificate(rand.Reader, template, by.certificate, i.key.Public(), by.key)
	if err == nil {
		i.certificate, err = x509.ParseCertificate(der)
	}
	if err != nil {
		return fmt.Errorf("%w: %w", ErrCertificate, err)
	}
	secret, err := x509.MarshalPKCS8PrivateKey(i.key)
	if err != nil {
		return fmt.Errorf("encode a key: %w", err)
	}
	if err := durable.Write(i.Key, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: secret})); err != nil {
		return err
	}
	return durable.Write(i.Certificate, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))
}
