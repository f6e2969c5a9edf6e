package signerd

import (
	"context"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"fmt"
	"log/slog"
	"slices"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/peer"

	"github.com/dualchain/dualchain/voter/event"
)

// clientKey is the context key under which admit puts the client's name.
type clientKey struct{}

// clientOf returns the name of the client that sent a request.
func clientOf(ctx context.Context) string {
	name, _ := ctx.Value(clientKey{}).(string)
	return name
}

// Fingerprint is one way to name a client: "sha256:" and the SHA-256 of its certificate in hexadecimal digits. It names one
// certificate, while a common name also names the renewed one.
func Fingerprint(certificate *x509.Certificate) string {
	sum := sha256.Sum256(certificate.Raw)
	return "sha256:" + hex.EncodeToString(sum[:])
}

// admit intercepts every request. It refuses clients that aren't allowed, and requests for other chains. Its errors are gRPC
// statuses.
func (s *service) admit(ctx context.Context, request any, _ *grpc.UnaryServerInfo, handle grpc.UnaryHandler) (any, error) {
	client, err := s.authorize(ctx)
	if err == nil {
		err = s.checkChain(request)
	}
	if err != nil {
		s.record.requestRefused(client)
		s.lines.say(kind{client, "request: " + refusalKind(err)}, slog.LevelError, event.AlarmPrefix+"request refused", event.RequestRefused, "client", client, "error", err)
		return nil, toStatus(err)
	}
	answer, err := handle(context.WithValue(ctx, clientKey{}, client), request)
	if err != nil {
		return nil, toStatus(err)
	}
	return answer, nil
}

// authorize returns the client's name. For a client that isn't allowed, it returns the name with an error that wraps ErrDenied.
func (s *service) authorize(ctx context.Context) (string, error) {
	from, _ := peer.FromContext(ctx)
	if from == nil {
		return "", fmt.Errorf("%w: expected a connection, found none", ErrDenied)
	}
	certificate, err := certificateOf(from.AuthInfo)
	if err != nil {
		return "", err
	}
	name := certificate.Subject.CommonName
	if len(s.clients) == 0 || slices.Contains(s.clients, name) || slices.Contains(s.clients, Fingerprint(certificate)) {
		return name, nil
	}
	return name, fmt.Errorf("%w: expected one of %q, found %q with %s", ErrDenied, s.clients, name, Fingerprint(certificate))
}

// certificateOf returns the client's certificate; the error wraps ErrDenied.
func certificateOf(info credentials.AuthInfo) (*x509.Certificate, error) {
	shown, _ := info.(credentials.TLSInfo)
	if len(shown.State.VerifiedChains) == 0 {
		return nil, fmt.Errorf("%w: expected a certificate, found none", ErrDenied)
	}
	return shown.State.VerifiedChains[0][0], nil
}

func (s *service) checkChain(request any) error {
	asks, ok := request.(interface{ GetChainId() string })
	if !ok {
		return fmt.Errorf("%w: expected a chain id, found %T", ErrRequest, request)
	}
	if asks.GetChainId() != s.chainID {
		return &otherChain{expected: s.chainID, found: asks.GetChainId()}
	}
	return nil
}
