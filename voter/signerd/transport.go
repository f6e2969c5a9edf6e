package signerd

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"sync/atomic"
	"time"

	"google.golang.org/grpc/credentials"

	"github.com/dualchain/dualchain/voter/event"
)

// renewal is how long before a certificate expires the log reminds its owner, once a day.
const renewal = 30 * 24 * time.Hour

// transport speaks mutual TLS 1.3. It reads the files again for each connection, and its errors say which certificate is
// wrong.
type transport struct {
	credentials.TransportCredentials // for the other methods

	files     Files
	failures  *failures // of a client
	refused   func()    // counts a connection that a server refuses
	alarms    *rateLimitedLog
	refusals  *rateLimitedLog
	reminders *rateLimitedLog
}

func newTransport(files Files, log *slog.Logger) transport {
	return transport{
		TransportCredentials: credentials.NewTLS(&tls.Config{MinVersion: tls.VersionTLS13}),
		files:                files,
		failures:             new(failures),
		refused:              func() {},
		alarms:               &rateLimitedLog{pause: time.Minute, log: log},
		refusals:             &rateLimitedLog{pause: 10 * time.Second, log: log},
		reminders:            &rateLimitedLog{pause: 24 * time.Hour, log: log},
	}
}

// failures remembers why a client's connection last failed: it couldn't be made, the handshake failed, or the signer refused
// the client's certificate afterwards. The first bytes from the signer clear it. gRPC tells a call only the text of such an
// error.
type failures struct{ reason atomic.Pointer[error] }

// note remembers err, which may be nil.
func (f *failures) note(err error) { f.reason.Store(&err) }

// last returns the last failure, or nil if the signer has answered since.
func (f *failures) last() error {
	if reason := f.reason.Load(); reason != nil {
		return *reason
	}
	return nil
}

// Clone returns t, because all copies share what changes.
func (t transport) Clone() credentials.TransportCredentials { return t }

// dial opens a client's connection.
func (t transport) dial(ctx context.Context, address string) (net.Conn, error) {
	conn, err := new(net.Dialer).DialContext(ctx, "tcp", address)
	if err != nil {
		t.failures.note(err)
		return nil, err
	}
	return conn, nil
}

// ServerHandshake continues with an expired certificate of the signer: the client then sees it and can report it.
func (t transport) ServerHandshake(raw net.Conn) (net.Conn, credentials.AuthInfo, error) {
	conn, info, err := t.serverHandshake(raw)
	if errors.Is(err, net.ErrClosed) { // by the door
		err = fmt.Errorf("%w: this one waited the longest", errFull)
	}
	if err != nil && !errors.Is(err, io.EOF) { // a port scan
		t.refused()
		t.refusals.say(kind{what: sourceOf(raw.RemoteAddr()).String()}, slog.LevelWarn, "connection refused", event.ConnectionRefused, "from", raw.RemoteAddr().String(), "error", err)
	}
	return conn, info, err
}

func (t transport) serverHandshake(raw net.Conn) (net.Conn, credentials.AuthInfo, error) {
	at, ok := raw.(*guest)
	if !ok {
		return nil, nil, fmt.Errorf("expected a connection of the door, found %T", raw)
	}
	if err := at.hear(); err != nil { // before any costly work
		return nil, nil, err
	}
	own, err := t.read()
	if err != nil {
		t.alarms.say(kind{}, slog.LevelError, event.AlarmPrefix+"no voter can connect", event.CertificateBad, "error", err)
	}
	if own == nil {
		return nil, nil, err
	}
	conn, info, err := credentials.NewTLS(own.server()).ServerHandshake(raw)
	if err != nil {
		return nil, nil, explain("the client", err)
	}
	certificate, err := certificateOf(info)
	if err == nil {
		err = at.admit(certificate.Subject.CommonName)
	}
	return conn, info, err
}

// ClientHandshake fails early if the client's own certificate is out of date, since the signer would refuse it.
func (t transport) ClientHandshake(ctx context.Context, authority string, raw net.Conn) (net.Conn, credentials.AuthInfo, error) {
	conn, info, err := t.clientHandshake(ctx, authority, raw)
	if err != nil {
		t.failures.note(err)
		return nil, nil, err
	}
	return shown{Conn: conn, certificate: t.files.Certificate, failures: t.failures}, info, nil
}

func (t transport) clientHandshake(ctx context.Context, authority string, raw net.Conn) (net.Conn, credentials.AuthInfo, error) {
	own, err := t.read()
	if err != nil {
		return nil, nil, err
	}
	conn, info, err := credentials.NewTLS(own.client()).ClientHandshake(ctx, authority, raw)
	if err != nil {
		return nil, nil, explain("the signer", err)
	}
	return conn, info, nil
}

// read returns the identity, also if the error says that it is out of date.
func (t transport) read() (*identity, error) {
	own, err := t.files.read()
	if err != nil {
		return nil, err
	}
	now := time.Now()
	if err := own.inDate(now); err != nil {
		return own, err
	}
	if err := own.inDate(now.Add(renewal)); err != nil {
		t.reminders.say(kind{}, slog.LevelWarn, "a certificate has to be renewed soon", event.CertificateEnds, "reason", err)
	}
	return own, nil
}

// explain adds the other side's certificate to the error if the handshake failed because of it.
func explain(whose string, err error) error {
	var refused *tls.CertificateVerificationError
	if !errors.As(err, &refused) || len(refused.UnverifiedCertificates) == 0 {
		return err
	}
	return fmt.Errorf("%w: %s shows %s: %w", ErrCertificate, whose, describe(refused.UnverifiedCertificates[0]), refused.Err)
}

// shown is a client's connection after its handshake. With TLS 1.3 the server checks the client's certificate only then, and
// the client learns of a refusal when it reads.
type shown struct {
	net.Conn
	certificate string
	failures    *failures
}

// Read implements net.Conn.
func (s shown) Read(b []byte) (int, error) {
	n, err := s.Conn.Read(b)
	var op *net.OpError
	if errors.As(err, &op) && op.Op == "remote error" {
		err = fmt.Errorf("%w: the signer refuses %s: %w", ErrCertificate, s.certificate, err)
		s.failures.note(err)
	} else if n > 0 {
		s.failures.note(nil)
	}
	return n, err
}

// Write implements net.Conn. If it fails, it reads, since the reason may have arrived already.
func (s shown) Write(b []byte) (int, error) {
	n, err := s.Conn.Write(b)
	if err != nil && s.SetReadDeadline(time.Now().Add(time.Second)) == nil {
		if _, reason := s.Read(make([]byte, 1)); errors.Is(reason, ErrCertificate) {
			err = reason
		}
	}
	return n, err
}
