package signerd

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/peer"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"

	signerv1 "github.com/dualchain/dualchain/api/dualchain/signer/v1"
	"github.com/dualchain/dualchain/core/bls"
	"github.com/dualchain/dualchain/core/ffg"
)

// raw is a codec that sends bytes as they are.
type raw struct{}

func (raw) Name() string                       { return "proto" }
func (raw) Marshal(v any) ([]byte, error)      { return v.([]byte), nil }
func (raw) Unmarshal(b []byte, into any) error { *into.(*[]byte) = b; return nil }

// otherKey is a key that the signer doesn't hold.
var otherKey = strings.Repeat("ab", 48)

// signRequest is a good one, changed.
func signRequest(t testing.TB, change func(*signerv1.SignRequest)) []byte {
	t.Helper()
	key := newSecret(t, 1).PublicKey()
	request := &signerv1.SignRequest{ChainId: chainID, PubKey: key.String(), Vote: voteToProto(link(0, 1))}
	change(request)
	b, err := proto.Marshal(request)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestMalformedRequestsGetAnAnswerAndNoSignature(t *testing.T) {
	keyring, public, closeKeyring := openKeyring(t, t.TempDir())
	defer closeKeyring()
	s := newSite(t).serve(keyring)
	client := s.client("alice")
	sign := signerv1.Signer_Sign_FullMethodName
	for name, tc := range map[string]struct {
		method string
		change func(*signerv1.SignRequest)
		size   int    // that a field nobody knows fills up
		bytes  []byte // in place of a request
		meta   int    // size of the metadata
		want   codes.Code
	}{
		"no chain":              {method: sign, change: func(r *signerv1.SignRequest) { r.ChainId = "" }, want: codes.FailedPrecondition},
		"another chain":         {method: sign, change: func(r *signerv1.SignRequest) { r.ChainId = "other-1" }, want: codes.FailedPrecondition},
		"no key":                {method: sign, change: func(r *signerv1.SignRequest) { r.PubKey = "" }, want: codes.InvalidArgument},
		"a short key":           {method: sign, change: func(r *signerv1.SignRequest) { r.PubKey = r.PubKey[1:] }, want: codes.InvalidArgument},
		"a long key":            {method: sign, change: func(r *signerv1.SignRequest) { r.PubKey += "0" }, want: codes.InvalidArgument},
		"an unknown key":        {method: sign, change: func(r *signerv1.SignRequest) { r.PubKey = otherKey }, want: codes.NotFound},
		"no vote":               {method: sign, change: func(r *signerv1.SignRequest) { r.Vote = nil }, want: codes.InvalidArgument},
		"no source":             {method: sign, change: func(r *signerv1.SignRequest) { r.Vote.Source = nil }, want: codes.InvalidArgument},
		"no target":             {method: sign, change: func(r *signerv1.SignRequest) { r.Vote.Target = nil }, want: codes.InvalidArgument},
		"a short root":          {method: sign, change: func(r *signerv1.SignRequest) { r.Vote.Target.Root = r.Vote.Target.Root[1:] }, want: codes.InvalidArgument},
		"a long root":           {method: sign, change: func(r *signerv1.SignRequest) { r.Vote.Source.Root += "0" }, want: codes.InvalidArgument},
		"no root":               {method: sign, change: func(r *signerv1.SignRequest) { r.Vote.Source.Root = "" }, want: codes.InvalidArgument},
		"an upper-case root":    {method: sign, change: func(r *signerv1.SignRequest) { r.Vote.Target.Root = strings.Repeat("AB", 32) }, want: codes.InvalidArgument},
		"an upper-case key":     {method: sign, change: func(r *signerv1.SignRequest) { r.PubKey = strings.ToUpper(otherKey) }, want: codes.InvalidArgument},
		"a key with a prefix":   {method: sign, change: func(r *signerv1.SignRequest) { r.PubKey = "0x" + r.PubKey[2:] }, want: codes.InvalidArgument},
		"source after target":   {method: sign, change: func(r *signerv1.SignRequest) { r.Vote.Source.Epoch = 1 }, want: codes.InvalidArgument},
		"no bytes":              {method: sign, bytes: []byte{}, want: codes.FailedPrecondition},
		"no protobuf":           {method: sign, bytes: []byte{0xff, 0xff, 0xff}, want: codes.Internal},
		"the largest request":   {method: sign, change: func(r *signerv1.SignRequest) { r.PubKey = otherKey }, size: maxRequest, want: codes.NotFound},
		"a larger request":      {method: sign, change: func(r *signerv1.SignRequest) { r.PubKey = otherKey }, size: maxRequest + 1, want: codes.ResourceExhausted},
		"huge metadata":         {method: sign, bytes: []byte{}, meta: maxHeaders, want: codes.Internal},
		"past without a key":    {method: signerv1.Signer_Past_FullMethodName, bytes: []byte("\x0a\x06" + chainID), want: codes.InvalidArgument},
		"an unknown method":     {method: "/dualchain.signer.v1.Signer/Export", bytes: []byte{}, want: codes.Unimplemented},
		"an unknown service":    {method: "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo", bytes: []byte{}, want: codes.Unimplemented},
		"a method without name": {method: "/", bytes: []byte{}, want: codes.Unimplemented},
	} {
		request := tc.bytes
		if request == nil {
			request = signRequest(t, tc.change)
		}
		if missing := tc.size - len(request) - 3; missing > 0 {
			request = append(protowire.AppendVarint(protowire.AppendTag(request, 15, protowire.BytesType), uint64(missing)), make([]byte, missing)...)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		if tc.meta > 0 {
			ctx = metadata.AppendToOutgoingContext(ctx, "big", string(make([]byte, tc.meta)))
		}
		var answer []byte
		err := client.conn.Invoke(ctx, tc.method, request, &answer, grpc.ForceCodec(raw{}))
		cancel()
		if status.Code(err) != tc.want || len(answer) != 0 {
			t.Errorf("%s: expected %s, found %x, %v", name, tc.want, answer, err)
		}
	}
	if past, err := client.Past(t.Context(), public.Bytes(), 1); err != nil || past.Signed {
		t.Errorf("expected a signer that has signed nothing, found %+v, %v", past, err)
	}
}

// connected is the context of a request by alice.
func connected(ctx context.Context) context.Context {
	alice := &x509.Certificate{Subject: pkix.Name{CommonName: "alice"}}
	state := tls.ConnectionState{VerifiedChains: [][]*x509.Certificate{{alice}}}
	return peer.NewContext(ctx, &peer.Peer{AuthInfo: credentials.TLSInfo{State: state}})
}

func TestNobodyIsAnsweredWithoutACertificate(t *testing.T) {
	s := &service{chainID: chainID, lines: &rateLimitedLog{log: slog.New(slog.DiscardHandler)}, record: newRecord(Config{}, "", nil, nil)}
	for name, from := range map[string]*peer.Peer{
		"nobody": nil, "no TLS": {}, "no certificate": {AuthInfo: credentials.TLSInfo{}},
	} {
		ctx := t.Context()
		if from != nil {
			ctx = peer.NewContext(ctx, from)
		}
		_, err := s.admit(ctx, &signerv1.KeysRequest{ChainId: chainID}, nil, func(context.Context, any) (any, error) {
			t.Errorf("%s: expected no answer, found one", name)
			return nil, nil
		})
		if status.Code(err) != codes.PermissionDenied {
			t.Errorf("%s: expected %s, found %v", name, codes.PermissionDenied, err)
		}
	}
}

// FuzzRequests: any bytes get an answer, and only the requested vote is signed.
func FuzzRequests(f *testing.F) {
	keyring, public, closeKeyring := openKeyring(f, f.TempDir())
	f.Cleanup(closeKeyring)
	s := &service{
		chainID: chainID, keys: keyring, log: slog.New(slog.DiscardHandler),
		record: newRecord(Config{}, "", nil, nil), lines: &rateLimitedLog{log: slog.New(slog.DiscardHandler)}, refused: map[asker]ffg.Vote{},
	}
	for _, change := range []func(*signerv1.SignRequest){
		func(*signerv1.SignRequest) {},
		func(r *signerv1.SignRequest) { r.ChainId = "other-1" },
		func(r *signerv1.SignRequest) { r.PubKey = "" },
		func(r *signerv1.SignRequest) { r.Vote = nil },
		func(r *signerv1.SignRequest) { r.Vote.Source.Epoch = 9 },
	} {
		f.Add(signRequest(f, change))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		for _, tc := range []struct {
			in  proto.Message
			ask func(ctx context.Context, in any) (any, error)
		}{
			{&signerv1.KeysRequest{}, func(ctx context.Context, in any) (any, error) { return s.Keys(ctx, in.(*signerv1.KeysRequest)) }},
			{&signerv1.PastRequest{}, func(ctx context.Context, in any) (any, error) { return s.Past(ctx, in.(*signerv1.PastRequest)) }},
			{&signerv1.SignRequest{}, func(ctx context.Context, in any) (any, error) { return s.Sign(ctx, in.(*signerv1.SignRequest)) }},
		} {
			if proto.Unmarshal(b, tc.in) != nil {
				continue
			}
			answer, err := s.admit(connected(t.Context()), tc.in, nil, tc.ask)
			if err != nil {
				if back := fromStatus(err); back == nil || status.Code(err) == codes.Internal {
					t.Errorf("expected a refusal that travels, found %v, %v", err, back)
				}
				continue
			}
			if signed, ok := answer.(*signerv1.SignResponse); ok {
				vote, err := voteFromProto(tc.in.(*signerv1.SignRequest).GetVote())
				if err := errors.Join(err, bls.Verify(public, vote.SigningRoot(domain), ffg.Signature(signed.Signature))); err != nil {
					t.Error(err)
				}
			}
		}
	})
}

// FuzzAnswers: an answer that isn't a signature is an error and nothing worse.
func FuzzAnswers(f *testing.F) {
	refusal, err := proto.Marshal(refusalOf(&otherChain{}))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(refusal, uint32(codes.FailedPrecondition))
	f.Add([]byte{}, uint32(codes.Unavailable))
	f.Fuzz(func(t *testing.T, b []byte, code uint32) {
		if codes.Code(code) == codes.OK {
			return
		}
		answer := status.New(codes.Code(code), "").Proto()
		if proto.Unmarshal(b, answer) != nil || answer.Code == int32(codes.OK) {
			return
		}
		if err := fromStatus(status.ErrorProto(answer)); err == nil || err.Error() == "" {
			t.Errorf("%v: expected an error, found %v", answer, err)
		}
		var reason signerv1.Refusal
		if proto.Unmarshal(b, &reason) == nil {
			if err := fromRefusal(&reason); err == nil {
				t.Errorf("%v: expected an error, found none", &reason)
			}
		}
	})
}
