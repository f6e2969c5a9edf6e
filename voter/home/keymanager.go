package home

import (
	"fmt"
	"net"
)

// Keymanager says where to serve the HTTP API that adds, removes and lists keys.
type Keymanager struct {
	Listen      string `toml:"listen" comment:"HOST:PORT, like 127.0.0.1:26681. If empty, the API is off. Requests need the token in the file api-token of this folder, which the first start makes. The password has to be in password_file or DUALCHAIND_VOTER_PASSWORD."`
	AllowRemote bool   `toml:"allow_remote" comment:"Allow listen to be an address that other machines can reach. The API is plain HTTP: put a TLS proxy in front of it."`
}

// On reports whether the API is served.
func (k Keymanager) On() bool { return k.Listen != "" }

// validate refuses a list of key names, because a key that is added at runtime would not be in it after a restart.
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
		return fmt.Errorf("it can't be combined with a list of keys, found keys = %q", names)
	}
	return nil
}
