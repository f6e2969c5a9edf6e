// Package local serves HTTP within bounds: of connections, of time, and on an address of this machine alone, of hosts.
package local

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"
	"time"

	"golang.org/x/net/netutil"
)

// Bounds of a request, so that nobody holds the server up.
const (
	headerTimeout = 5 * time.Second
	timeout       = time.Minute
	maxHeader     = 16 << 10
	goodbye       = time.Second // for answers under way at the end
)

// maxConnections bounds how many files of this process, which slashing protection needs too, others can have open.
const maxConnections = 64

// Listen listens on HOST:PORT. Serving begins with Serve.
func Listen(ctx context.Context, address string) (net.Listener, error) {
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", address)
	if err != nil {
		return nil, fmt.Errorf("listen on %s: %w", address, err)
	}
	return listener, nil
}

// Serve answers at most 64 connections at once until ctx is done, which is no error, and closes the listener. It closes a connection
// that takes 5 s for a header, or a minute for a request, for an answer, or without a request.
func Serve(ctx context.Context, listener net.Listener, handler http.Handler) error {
	listener = netutil.LimitListener(listener, maxConnections)
	server := &http.Server{
		Handler: expectHost(listener.Addr(), handler), ReadHeaderTimeout: headerTimeout, ReadTimeout: timeout, WriteTimeout: timeout, IdleTimeout: timeout,
		MaxHeaderBytes: maxHeader, BaseContext: func(net.Listener) context.Context { return ctx },
	}
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(listener) }()
	select {
	case err := <-ended:
		return fmt.Errorf("serve on %s: %w", listener.Addr(), err)
	case <-ctx.Done():
		last, cancel := context.WithTimeout(context.WithoutCancel(ctx), goodbye)
		defer cancel()
		if err := server.Shutdown(last); err != nil && !errors.Is(err, context.DeadlineExceeded) {
			return fmt.Errorf("stop serving on %s: %w", listener.Addr(), err)
		}
		return nil
	}
}

// expectHost refuses names of hosts on an address of this machine only: a page in a browser here may have made its own name
// lead to it. What asks by "localhost" or an address, or without a host, is no such page.
func expectHost(address net.Addr, handler http.Handler) http.Handler {
	if tcp, ok := address.(*net.TCPAddr); !ok || !tcp.IP.IsLoopback() {
		return handler
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		host := r.Host
		if name, _, err := net.SplitHostPort(host); err == nil {
			host = name
		}
		if host != "" && !strings.EqualFold(host, "localhost") && net.ParseIP(strings.Trim(host, "[]")) == nil {
			http.Error(w, fmt.Sprintf("expected localhost or an IP address as the host, found %q", host), http.StatusMisdirectedRequest)
			return
		}
		handler.ServeHTTP(w, r)
	})
}
