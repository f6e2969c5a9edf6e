package voter

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"path/filepath"

	"github.com/dualchain/dualchain/voter/signerd"
)

// TLSFolder is the folder of certificates in a home that the defaults name.
const TLSFolder = "tls"

// SignerConfig is a signer's configuration file, signer.toml. A signer's home is a voter's with this file in place of
// voter.toml. The comments here are those in the file.
type SignerConfig struct {
	ChainID      string     `toml:"chain_id" comment:"The chain to sign for. Required. It must never change for a key that has voted on it."`
	Listen       string     `toml:"listen" comment:"HOST:PORT to listen on. Let no more than the voters reach it."`
	Keys         []string   `toml:"keys" comment:"Names of the keys to sign with; empty for all in keys/."`
	PasswordFile string     `toml:"password_file" comment:"File with the password of the keys, relative to this folder or absolute. Empty: DUALCHAIND_VOTER_PASSWORD, else a prompt."`
	Protection   string     `toml:"protection" comment:"What slashing protection remembers of each key: 'complete', the last thousand votes, or 'minimal', the last one, and then it refuses every earlier epoch."`
	Clients      []string   `toml:"clients" comment:"Voters that may ask, by the common name or the fingerprint (sha256:...) of their certificate; empty for all with a certificate of the authority."`
	TLS          TLSFiles   `toml:"tls" comment:"How the signer and the voters know each other: 'dualchaind signer certs' makes the files."`
	Keymanager   Keymanager `toml:"keymanager" comment:"An HTTP API that adds, removes and lists keys while the signer runs."`
}

// DefaultSignerConfig is complete but for the chain id.
func DefaultSignerConfig() SignerConfig {
	return SignerConfig{Listen: "127.0.0.1:9191", Protection: CompleteProtection, TLS: tlsFiles("server")}
}

func tlsFiles(name string) TLSFiles {
	return TLSFiles{
		CA:          filepath.Join(TLSFolder, "ca.crt"),
		Certificate: filepath.Join(TLSFolder, name+".crt"),
		Key:         filepath.Join(TLSFolder, name+".key"),
	}
}

func (h Home) files(of TLSFiles) signerd.Files {
	return signerd.Files{CA: h.Resolve(of.CA), Certificate: h.Resolve(of.Certificate), Key: h.Resolve(of.Key)}
}

// Validate returns an error wrapping ErrConfig unless a signer can start with c.
func (c SignerConfig) Validate() error {
	if err := checkChainID(c.ChainID); err != nil {
		return fmt.Errorf("%w: chain_id: %w", ErrConfig, err)
	}
	if !isHostPort(c.Listen) {
		return fmt.Errorf("%w: listen: expected HOST:PORT, found %q", ErrConfig, c.Listen)
	}
	if _, err := keptVotes(c.Protection); err != nil {
		return fmt.Errorf("%w: protection: %w", ErrConfig, err)
	}
	if err := c.Keymanager.validate(c.Keys); err != nil {
		return fmt.Errorf("%w: keymanager: %w", ErrConfig, err)
	}
	return nil
}

func (h Home) signerConfigPath() string { return filepath.Join(string(h), "signer.toml") }

// LoadSignerConfig is LoadConfig for signer.toml. What a voter.toml in the same home says of chain, keys and protection
// takes the place of the defaults: a voter's home becomes a signer's as it is.
func (h Home) LoadSignerConfig() (SignerConfig, error) {
	voter, err := h.LoadConfig()
	if err != nil {
		return SignerConfig{}, err
	}
	config := DefaultSignerConfig()
	config.ChainID, config.Keys, config.PasswordFile, config.Protection = voter.ChainID, voter.Keys, voter.PasswordFile, voter.Protection
	if _, err := loadTOML(h.signerConfigPath(), &config); err != nil {
		return SignerConfig{}, err
	}
	return config, nil
}

// WriteSignerConfig is WriteConfig for signer.toml.
func (h Home) WriteSignerConfig(config SignerConfig) error {
	return writeTOML(h.signerConfigPath(), config, "")
}

// ServeSigner signs with the keys of a home for voters that ask, until ctx is done, which is no error. neverVoted lets keys
// start without a record of their votes. Errors: ErrConfig, signer.ErrCertificate, those of keys.Load, package guard
// and listening.
func ServeSigner(ctx context.Context, home Home, config SignerConfig, neverVoted bool, log *slog.Logger) error {
	if err := config.Validate(); err != nil {
		return err
	}
	keyring, closeKeyring, err := openKeyring(ctx, home, Config{
		ChainID: config.ChainID, Keys: config.Keys, PasswordFile: config.PasswordFile, Protection: config.Protection, Keymanager: config.Keymanager,
	}, neverVoted, log)
	if err != nil {
		return err
	}
	defer closeKeyring()
	keys, err := keyring.Keys(ctx)
	if err != nil {
		return err
	}
	for _, key := range keys {
		log.Info("signing with key", "key", key.String()[:8], "public_key", key.String())
	}
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", config.Listen)
	if err != nil {
		return fmt.Errorf("listen on %s: %w", config.Listen, err)
	}
	return signerd.Serve(ctx, listener, signerd.Config{
		ChainID: config.ChainID, TLS: home.files(config.TLS), Clients: config.Clients,
	}, keyring, log)
}
