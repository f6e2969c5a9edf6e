package home

import (
	"fmt"
	"net"
)

// Keymanager says where to serve the HTTP API that adds, removes and lists keys.
type Keymanager struct {
	Listen      string `toml:"listen" comment:"HOST:PORT, like 127.0.0.1:26681. Empty: nowhere. Whoever asks needs the token in the file api-token of this folder, made at the first start. password_file or DUALCHAIND_VOTER_PASSWORD has to hold the password."`
	AllowRemote bool   `toml:"allow_remote" comment:"Let listen be another address than this machine's own. It is plain HTTP: put TLS before it."`
}

// On reports whether the API is served.
func (k Keymanager) On() bool { return k.Listen != "" }

// validate also refuses names of keys: what is added at runtime would not be among them after a restart.
func (k Keymanager) validate(names []string) error {
	if !k.On() {
		return nil
	}
	host, port, err := net.SplitHostPort(k.Listen)
	loopback := host == "localhost" || net.ParseIP(host).IsLoopback()
	switch {
	case err != nil || port == "":
		return fmt.Errorf("listen: expected HOST:PORT, found %q", k.Listen)
	case !loopback && !k.AllowRemote:
		return fmt.Errorf("listen: expected an address of this machine only, or allow_remote, found %q", k.Listen)
	case len(names) > 0:
		return fmt.Errorf("expected no names of keys beside it, found %q", names)
	}
	return nil
}
