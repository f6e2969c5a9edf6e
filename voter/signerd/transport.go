package signerd

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"time"

	"google.golang.org/grpc/credentials"

	"github.com/dualchain/dualchain/voter/event"
)

// renewal is how long before a certificate's end its owner is reminded, once a day.
const renewal = 30 * 24 * time.Hour

// transport makes mutual TLS 1.3 of what the files hold at the time of each connection, and errors that say which
// certificate is wrong.
type transport struct {
	credentials.TransportCredentials // for what both sides don't define

	files     Files
	alarms    *rateLimitedLog
	refusals  *rateLimitedLog
	reminders *rateLimitedLog
}

func newTransport(files Files, log *slog.Logger) transport {
	return transport{
		TransportCredentials: credentials.NewTLS(&tls.Config{MinVersion: tls.VersionTLS13}),
		files:                files,
		alarms:               &rateLimitedLog{pause: time.Minute, log: log},
		refusals:             &rateLimitedLog{pause: 10 * time.Second, log: log},
		reminders:            &rateLimitedLog{pause: 24 * time.Hour, log: log},
	}
}

// Clone returns t: nothing in it changes.
func (t transport) Clone() credentials.TransportCredentials { return t }

// ServerHandshake also goes on with a certificate of ours that is out of date: the client then sees that and can say so.
func (t transport) ServerHandshake(raw net.Conn) (net.Conn, credentials.AuthInfo, error) {
	conn, info, err := t.serverHandshake(raw)
	if errors.Is(err, net.ErrClosed) { // the door did it
		err = fmt.Errorf("%w: this one waited the longest", errFull)
	}
	if err != nil && !errors.Is(err, io.EOF) { // a port scan
		t.refusals.say(kind{what: sourceOf(raw.RemoteAddr()).String()}, slog.LevelWarn, "connection refused", event.ConnectionRefused, "from", raw.RemoteAddr().String(), "error", err)
	}
	return conn, info, err
}

func (t transport) serverHandshake(raw net.Conn) (net.Conn, credentials.AuthInfo, error) {
	at, ok := raw.(*guest)
	if !ok {
		return nil, nil, fmt.Errorf("expected a connection of the door, found %T", raw)
	}
	if err := at.hear(); err != nil { // before anything is done for it
		return nil, nil, err
	}
	own, err := t.read()
	if err != nil {
		t.alarms.say(kind{}, slog.LevelError, "ALARM: no voter can connect", event.CertificateBad, "error", err)
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

// ClientHandshake doesn't show a certificate that the signer would refuse for its dates.
func (t transport) ClientHandshake(ctx context.Context, authority string, raw net.Conn) (net.Conn, credentials.AuthInfo, error) {
	own, err := t.read()
	if err != nil {
		return nil, nil, err
	}
	conn, info, err := credentials.NewTLS(own.client()).ClientHandshake(ctx, authority, raw)
	if err != nil {
		return nil, nil, explain("the signer", err)
	}
	return shown{Conn: conn, certificate: t.files.Certificate}, info, nil
}

// read returns the identity also with the error that it is out of date.
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

// explain names the certificate of the other side if that is why a handshake failed.
func explain(whose string, err error) error {
	var refused *tls.CertificateVerificationError
	if !errors.As(err, &refused) || len(refused.UnverifiedCertificates) == 0 {
		return err
	}
	return fmt.Errorf("%w: %s shows %s: %w", ErrCertificate, whose, describe(refused.UnverifiedCertificates[0]), refused.Err)
}

// shown is a connection on which a certificate was shown. With TLS 1.3 the server looks at it when the handshake is
// over for the client, which learns of a refusal when it reads.
type shown struct {
	net.Conn
	certificate string
}

// Read implements net.Conn.
func (s shown) Read(b []byte) (int, error) {
	n, err := s.Conn.Read(b)
	var op *net.OpError
	if errors.As(err, &op) && op.Op == "remote error" {
		err = fmt.Errorf("%w: the signer refuses %s: %w", ErrCertificate, s.certificate, err)
	}
	return n, err
}

// Write implements net.Conn. When it fails, the reason may have come already.
func (s shown) Write(b []byte) (int, error) {
	n, err := s.Conn.Write(b)
	if err != nil && s.SetReadDeadline(time.Now().Add(time.Second)) == nil {
		if _, reason := s.Read(make([]byte, 1)); errors.Is(reason, ErrCertificate) {
			err = reason
		}
	}
	return n, err
}
