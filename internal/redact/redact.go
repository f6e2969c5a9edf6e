// Package redact takes credentials out of the addresses of nodes before they are shown.
package redact

import (
	"errors"
	"net/url"
	"strings"
)

// hidden stands for what may be secret.
const hidden = "…"

// URL returns an address with its scheme and host only. A user, a password, a path and a query may hold credentials, so "…"
// stands for them.
func URL(address string) string {
	scheme, rest, found := strings.Cut(address, "://")
	if !found {
		scheme, rest = "", address
	} else {
		scheme += "://"
	}
	host, tail := rest, ""
	if end := strings.IndexAny(rest, "/?#"); end >= 0 {
		host, tail = rest[:end], rest[end:]
	}
	if u, err := url.Parse(address); err == nil && u.Host != "" && u.User != nil {
		host = hidden + "@" + u.Host
	} else if strings.Contains(rest, "@") { // a password may have any character of a URL that is mistyped
		return scheme + hidden
	}
	if tail != "" && tail != "/" {
		host += "/" + hidden
	}
	return scheme + host
}

// Error returns an error whose text has only the URL of the address that a client of package net/http asked. It returns nil
// for nil.
func Error(err error) error {
	var outer *url.Error
	if !errors.As(err, &outer) {
		return err
	}
	return redacted{err, strings.ReplaceAll(err.Error(), outer.URL, URL(outer.URL))}
}

type redacted struct {
	error
	text string
}

func (r redacted) Error() string { return r.text }

func (r redacted) Unwrap() error { return r.error }
