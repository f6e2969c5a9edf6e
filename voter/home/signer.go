package home

import (
	"fmt"
	"path/filepath"
)

// TLSFolder is the folder of certificates in a home that the defaults name.
const TLSFolder = "tls"

// SignerConfig is a signer's configuration file, signer.toml. A signer's home is a voter's home with this file instead of voter.toml. The comments here are those in the file.
type SignerConfig struct {
	ChainID      string     `toml:"chain_id" comment:"The chain to sign for. Required. It must never change for a key that has voted on it."`
	Listen       string     `toml:"listen" comment:"HOST:PORT to listen on. Only the voters should be able to reach it."`
	Keys         []string   `toml:"keys" comment:"Names of the keys to sign with; empty for all in keys/."`
	PasswordFile string     `toml:"password_file" comment:"File with the password of the keys, relative to this folder or absolute. If empty: DUALCHAIND_VOTER_PASSWORD, else a prompt."`
	Protection   string     `toml:"protection" comment:"How many votes slashing protection keeps for each key: 'complete', the last thousand, or 'minimal', the last one; it refuses every epoch before the oldest vote that it keeps."`
	Clients      []string   `toml:"clients" comment:"Voters that may use the signer, by the common name or the fingerprint (sha256:...) of their certificate. If empty, every certificate of the authority is accepted."`
	TLS          TLSFiles   `toml:"tls" comment:"How the signer and its voters authenticate each other. 'signer certs' makes the files."`
	Monitor      Monitor    `toml:"monitor" comment:"Metrics for Prometheus (/metrics), health (/healthz) and state (/status) over HTTP."`
	Keymanager   Keymanager `toml:"keymanager" comment:"An HTTP API that adds, removes and lists keys while the signer runs."`
}

// DefaultSignerConfig returns a configuration that lacks only the chain id.
func DefaultSignerConfig() SignerConfig {
	return SignerConfig{
		Listen: "127.0.0.1:9191", Protection: CompleteProtection, TLS: tlsFiles("server"), Monitor: Monitor{Listen: "127.0.0.1:26682"},
	}
}

func tlsFiles(name string) TLSFiles {
	return TLSFiles{
		CA:          filepath.Join(TLSFolder, "ca.crt"),
		Certificate: filepath.Join(TLSFolder, name+".crt"),
		Key:         filepath.Join(TLSFolder, name+".key"),
	}
}

// TLS returns f with absolute paths.
func (d Dir) TLS(f TLSFiles) TLSFiles {
	return TLSFiles{CA: d.Resolve(f.CA), Certificate: d.Resolve(f.Certificate), Key: d.Resolve(f.Key)}
}

// Validate returns an error wrapping ErrConfig unless a signer can start with c.
func (c SignerConfig) Validate() error {
	if err := checkChainID(c.ChainID); err != nil {
		return fmt.Errorf("%w: chain_id: %w", ErrConfig, err)
	}
	if !isHostPort(c.Listen) {
		return fmt.Errorf("%w: listen: expected HOST:PORT, found %q", ErrConfig, c.Listen)
	}
	if _, err := KeptVotes(c.Protection); err != nil {
		return fmt.Errorf("%w: protection: %w", ErrConfig, err)
	}
	if err := c.Monitor.validate(); err != nil {
		return fmt.Errorf("%w: monitor: %w", ErrConfig, err)
	}
	if err := c.Keymanager.validate(c.Keys); err != nil {
		return fmt.Errorf("%w: keymanager: %w", ErrConfig, err)
	}
	return nil
}

// LoadSignerConfig is LoadConfig for signer.toml. The defaults for chain, keys and protection come from voter.toml if the home has one, so
// that a voter's home becomes a signer's home without a change.
func (d Dir) LoadSignerConfig() (SignerConfig, error) {
	voter, err := d.LoadConfig()
	if err != nil {
		return SignerConfig{}, err
	}
	config := DefaultSignerConfig()
	config.ChainID, config.Keys, config.PasswordFile, config.Protection = voter.ChainID, voter.Keys, voter.PasswordFile, voter.Protection
	if _, err := loadTOML(d.Path(SignerFile), &config); err != nil {
		return SignerConfig{}, err
	}
	return config, nil
}

// WriteSignerConfig is WriteConfig for signer.toml.
func (d Dir) WriteSignerConfig(config SignerConfig) error {
	return writeTOML(d.Path(SignerFile), config, "")
}

// Signing is the part of a voter's and a signer's configuration that says which keys sign, and for which chain.
type Signing struct {
	ChainID      string
	Keys         []string // names, empty for all keys
	PasswordFile string
	Protection   string
	Keymanager   Keymanager
}

// Signing returns the settings of a voter that signs with the keys of its own home.
func (c Config) Signing() Signing {
	return Signing{ChainID: c.ChainID, Keys: c.Keys, PasswordFile: c.PasswordFile, Protection: c.Protection, Keymanager: c.Keymanager}
}

// Signing returns the settings of a signer.
func (c SignerConfig) Signing() Signing {
	return Signing{ChainID: c.ChainID, Keys: c.Keys, PasswordFile: c.PasswordFile, Protection: c.Protection, Keymanager: c.Keymanager}
}
