package voter

import (
	"fmt"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/backoff"
	"google.golang.org/grpc/credentials/insecure"

	"github.com/dualchain/dualchain/voter/internal/gogocodec"
)

// maxAnswer bounds an answer of the node in bytes: the votes of an epoch list the whole voter set.
const maxAnswer = 64 << 20

// dial makes a connection that begins when it is used and comes back within two seconds of its node.
func dial(address string) (*grpc.ClientConn, error) {
	conn, err := grpc.NewClient(address,
		grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithDefaultCallOptions(grpc.ForceCodec(gogocodec.Codec{}), grpc.MaxCallRecvMsgSize(maxAnswer), grpc.WaitForReady(true)),
		grpc.WithConnectParams(grpc.ConnectParams{
			Backoff:           backoff.Config{BaseDelay: 100 * time.Millisecond, Multiplier: 1.6, Jitter: 0.2, MaxDelay: 2 * time.Second},
			MinConnectTimeout: 2 * time.Second,
		}))
	if err != nil {
		return nil, fmt.Errorf("use gRPC address %q: %w", address, err)
	}
	return conn, nil
}
