package signerd

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/backoff"
	"google.golang.org/grpc/keepalive"

	signerv1 "github.com/dualchain/dualchain/api/dualchain/signer/v1"
	"github.com/dualchain/dualchain/core/ffg"
	"github.com/dualchain/dualchain/voter/monitor"
	"github.com/dualchain/dualchain/voter/sign"
)

// callTimeout bounds each call, the time to reach the signer included. It leaves room for a restart.
const callTimeout = 3 * time.Second

// maxAnswer bounds an answer in bytes. Twenty thousand public keys fit.
const maxAnswer = 1 << 20

// policy makes a call wait for the connection, and retry if it breaks, until the call's timeout. To ask twice is harmless.
const policy = `{"methodConfig": [{"name": [{}], "waitForReady": true, "retryPolicy": {"maxAttempts": 5,
	"initialBackoff": "0.1s", "maxBackoff": "1s", "backoffMultiplier": 2, "retryableStatusCodes": ["UNAVAILABLE"]}}]}`

// Client asks a signer. Many goroutines may use it. It reconnects by itself, within two seconds of the signer's return.
type Client struct {
	conn     *grpc.ClientConn
	signer   signerv1.SignerClient
	failures *failures // of the connection
	chainID  string
	timeout  time.Duration
}

// Dial prepares to use the signer at HOST:PORT for a chain. It doesn't connect yet, so an unreachable signer and an expired
// certificate aren't errors. Dial wraps ErrCertificate for files that can't be used. The client connects directly: proxy
// variables of the environment don't apply.
func Dial(address, chainID string, files Files, log *slog.Logger) (*Client, error) {
	if _, err := files.read(); err != nil {
		return nil, fmt.Errorf("use signer %s: %w", address, err)
	}
	credentials := newTransport(files, log)
	conn, err := grpc.NewClient(address,
		grpc.WithTransportCredentials(credentials),
		grpc.WithContextDialer(credentials.dial),
		grpc.WithDefaultCallOptions(grpc.MaxCallRecvMsgSize(maxAnswer)),
		grpc.WithDisableServiceConfig(), // of the name's TXT records
		grpc.WithDefaultServiceConfig(policy),
		grpc.WithKeepaliveParams(keepalive.ClientParameters{Time: 10 * time.Second, Timeout: callTimeout, PermitWithoutStream: true}),
		grpc.WithConnectParams(grpc.ConnectParams{
			Backoff:           backoff.Config{BaseDelay: 100 * time.Millisecond, Multiplier: 1.6, Jitter: 0.2, MaxDelay: 2 * time.Second},
			MinConnectTimeout: 2 * time.Second,
		}))
	if err != nil {
		return nil, fmt.Errorf("use signer %s: %w", address, err)
	}
	return &Client{
		conn: conn, signer: signerv1.NewSignerClient(conn), failures: credentials.failures, chainID: chainID, timeout: callTimeout,
	}, nil
}

// Alarms returns none: the signer's process has the keys, and its own health tells of those that it left out.
func (*Client) Alarms() []monitor.Standing { return nil }

// Close closes the connection.
func (c *Client) Close() error { return c.conn.Close() }

// Keys implements Keyring. Errors: ErrUnavailable, which comes with ErrCertificate if a certificate is the reason; ErrDenied,
// ErrOtherChain, ErrAnswer, the context's.
func (c *Client) Keys(ctx context.Context) ([]ffg.PublicKey, error) {
	answer, err := call(ctx, c, c.signer.Keys, &signerv1.KeysRequest{ChainId: c.chainID})
	if err != nil {
		return nil, fmt.Errorf("ask for keys: %w", err)
	}
	keys := make([]ffg.PublicKey, len(answer.GetPubKeys()))
	for i, text := range answer.GetPubKeys() {
		if keys[i], err = ffg.ParsePublicKey(text); err != nil {
			return nil, fmt.Errorf("ask for keys: %w: %w", ErrAnswer, err)
		}
	}
	return keys, nil
}

// Sign implements Keyring. Errors: those of Keys; *guard.Conflict, *guard.BelowFloor, guard.ErrRetired, guard.ErrStorage,
// sign.ErrNoKey, ErrRequest.
func (c *Client) Sign(ctx context.Context, key ffg.PublicKey, vote ffg.Vote) (ffg.Signature, error) {
	answer, err := call(ctx, c, c.signer.Sign, &signerv1.SignRequest{ChainId: c.chainID, PubKey: key.String(), Vote: voteToProto(vote)})
	if err != nil {
		return ffg.Signature{}, fmt.Errorf("sign vote: %w", err)
	}
	signature := answer.GetSignature()
	if len(signature) != len(ffg.Signature{}) {
		return ffg.Signature{}, fmt.Errorf("sign vote: %w: expected a signature of %d bytes, found %d", ErrAnswer, len(ffg.Signature{}), len(signature))
	}
	return ffg.Signature(signature), nil
}

// Past implements Keyring. Errors: those of Keys; sign.ErrNoKey, ErrRequest.
func (c *Client) Past(ctx context.Context, key ffg.PublicKey, target uint64) (sign.Past, error) {
	answer, err := call(ctx, c, c.signer.Past, &signerv1.PastRequest{ChainId: c.chainID, PubKey: key.String(), Target: target})
	if err != nil {
		return sign.Past{}, fmt.Errorf("ask for what was signed: %w", err)
	}
	return sign.Past{Signed: answer.GetSigned(), Latest: answer.GetLatest()}, nil
}

// call makes one request. It returns ctx's error when ctx ends, and ErrUnavailable when the client's timeout ends.
func call[In, Out any](ctx context.Context, c *Client, method func(context.Context, In, ...grpc.CallOption) (Out, error), in In) (Out, error) {
	limited, cancel := context.WithTimeout(ctx, c.timeout)
	defer cancel()
	out, err := method(limited, in)
	if err == nil {
		return out, nil
	}
	var none Out
	if ctx.Err() != nil {
		return none, ctx.Err()
	}
	return none, unreachable(fromStatus(err), c.failures.last())
}
