package signerd

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"sync"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/keepalive"

	signerv1 "github.com/dualchain/dualchain/api/dualchain/signer/v1"
	"github.com/dualchain/dualchain/core/ffg"
	"github.com/dualchain/dualchain/voter/event"
	"github.com/dualchain/dualchain/voter/sign"
)

// Bounds of what clients can use. A voter needs one connection, and one stream for each of its keys.
const (
	maxRequest    = 4 << 10 // bytes
	maxHeaders    = 8 << 10 // bytes
	maxStreams    = 256     // concurrent requests on a connection
	handshakeTime = 5 * time.Second
	connectionAge = 10 * time.Minute // then the client reconnects and shows its certificate again
	endGrace      = 5 * time.Second  // for running requests when the signer stops
)

// Config is the configuration of a signer, apart from its keys.
type Config struct {
	ChainID string   // of the keyring
	TLS     Files    // the CA issues the clients' certificates
	Clients []string // common names or fingerprints (see Fingerprint) of the clients that are allowed; empty allows all with a certificate

	record *record // nil for one that nobody reads
}

// Serve answers requests on listener until ctx is done. Then it waits for running requests and returns nil. It always closes the
// listener. Errors: ErrCertificate for files that can't be used at the start, those of accepting.
func Serve(ctx context.Context, listener net.Listener, config Config, keys Keyring, log *slog.Logger) error {
	if config.record == nil {
		config.record = newRecord(config, "", keys, nil)
	}
	credentials := newTransport(config.TLS, log)
	credentials.refused = config.record.connectionRefused
	if own, err := credentials.read(); own == nil {
		return errors.Join(err, listener.Close())
	} else if err != nil {
		event.Alarm(log, "no voter can connect", event.CertificateBad, "error", err)
	}
	s := &service{
		chainID: config.ChainID, clients: config.Clients, keys: keys, log: log, record: config.record,
		lines:   &rateLimitedLog{pause: 10 * time.Second, log: log},
		refused: map[asker]ffg.Vote{},
	}
	server := grpc.NewServer(
		grpc.Creds(credentials),
		grpc.UnaryInterceptor(s.admit),
		grpc.MaxRecvMsgSize(maxRequest),
		grpc.MaxHeaderListSize(maxHeaders),
		grpc.MaxConcurrentStreams(maxStreams),
		grpc.ConnectionTimeout(handshakeTime),
		grpc.KeepaliveParams(keepalive.ServerParameters{
			MaxConnectionAge: connectionAge, MaxConnectionAgeGrace: endGrace, Time: 10 * time.Second, Timeout: 5 * time.Second,
		}),
		grpc.KeepaliveEnforcementPolicy(keepalive.EnforcementPolicy{MinTime: 5 * time.Second, PermitWithoutStream: true}),
		grpc.WaitForHandlers(true),
	)
	signerv1.RegisterSignerServer(server, s)

	ctx, cancel := context.WithCancel(ctx)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		<-ctx.Done()
		harder := time.AfterFunc(endGrace, server.Stop)
		defer harder.Stop()
		server.GracefulStop()
	}()
	log.Info("signer started", event.SignerStarted, "chain_id", config.ChainID, "address", listener.Addr().String())
	err := server.Serve(&door{Listener: listener})
	cancel()
	<-ended
	if err != nil && !errors.Is(err, grpc.ErrServerStopped) {
		return fmt.Errorf("serve: %w", err)
	}
	log.Info("signer stopped", event.SignerStopped)
	return nil
}

// service answers the requests that admit allows.
type service struct {
	signerv1.UnimplementedSignerServer
	chainID string
	clients []string
	keys    Keyring
	log     *slog.Logger
	lines   *rateLimitedLog // about requests, which a client may send without a pause
	record  *record

	mu      sync.Mutex
	refused map[asker]ffg.Vote // the last refused vote
}

// asker is a client that asks for signatures of a key.
type asker struct {
	client string
	key    ffg.PublicKey
}

// Keys implements signerv1.SignerServer.
func (s *service) Keys(ctx context.Context, _ *signerv1.KeysRequest) (*signerv1.KeysResponse, error) {
	keys, err := s.keys.Keys(ctx)
	if err != nil {
		return nil, err
	}
	answer := &signerv1.KeysResponse{}
	for _, key := range keys {
		answer.PubKeys = append(answer.PubKeys, key.String())
	}
	return answer, nil
}

// Sign implements signerv1.SignerServer.
func (s *service) Sign(ctx context.Context, in *signerv1.SignRequest) (*signerv1.SignResponse, error) {
	key, vote, err := readSign(in)
	if err != nil {
		return nil, err
	}
	who := asker{client: clientOf(ctx), key: key}
	about := []any{
		"key", key.String()[:8], "epoch", vote.Target.Epoch, "target", vote.Target.Root.String(),
		"source", vote.Source.Epoch, "client", who.client,
	}
	signature, err := s.keys.Sign(ctx, key, vote)
	if ctx.Err() == nil {
		s.record.asked(who, vote.Target.Epoch, err)
	}
	if err == nil {
		s.lines.say(kind{who.client, fmt.Sprintf("signed: %s %d", key, vote.Target.Epoch)}, slog.LevelInfo, "signed", event.Signed, about...)
		return &signerv1.SignResponse{Signature: signature[:]}, nil
	}
	about = append(about, "error", err)
	switch {
	case errors.Is(err, sign.ErrNoKey), errors.Is(err, sign.ErrClosed), ctx.Err() != nil:
		s.lines.say(kind{who.client, "not signed: " + refusalKind(err)}, slog.LevelWarn, "not signed", event.NotSigned, about...)
	case s.again(who, vote):
		s.log.Debug("refused to sign again", append([]any{event.RefusedAgain}, about...)...)
	default:
		s.lines.say(kind{who.client, fmt.Sprintf("refused: %s %s", key, refusalKind(err))}, slog.LevelError, event.AlarmPrefix+"refused to sign", event.Refused, about...)
	}
	return nil, err
}

// again reports whether the last refused vote was the same. A voter repeats a request every few seconds.
func (s *service) again(who asker, vote ffg.Vote) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	last, known := s.refused[who]
	s.refused[who] = vote
	return known && last == vote
}

// Past implements signerv1.SignerServer.
func (s *service) Past(ctx context.Context, in *signerv1.PastRequest) (*signerv1.PastResponse, error) {
	key, err := ffg.ParsePublicKey(in.GetPubKey())
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrRequest, err)
	}
	past, err := s.keys.Past(ctx, key, in.GetTarget())
	if err != nil {
		return nil, err
	}
	return &signerv1.PastResponse{Signed: past.Signed, Latest: past.Latest}, nil
}

// readSign returns the key and the vote of a request. Its errors wrap ErrRequest.
func readSign(in *signerv1.SignRequest) (ffg.PublicKey, ffg.Vote, error) {
	key, err := ffg.ParsePublicKey(in.GetPubKey())
	if err != nil {
		return ffg.PublicKey{}, ffg.Vote{}, fmt.Errorf("%w: %w", ErrRequest, err)
	}
	vote, err := voteFromProto(in.GetVote())
	if err != nil {
		return ffg.PublicKey{}, ffg.Vote{}, fmt.Errorf("%w: %w", ErrRequest, err)
	}
	return key, vote, nil
}
