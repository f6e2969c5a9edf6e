package voter

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/backoff"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/status"

	"github.com/dualchain/dualchain/core/ffg"
	"github.com/dualchain/dualchain/internal/foreign"
	"github.com/dualchain/dualchain/internal/redact"
	"github.com/dualchain/dualchain/voter/home"
	"github.com/dualchain/dualchain/voter/internal/gogocodec"
	"github.com/dualchain/dualchain/voter/monitor"
	"github.com/dualchain/dualchain/voter/submit"
	"github.com/dualchain/dualchain/voter/watch"
	checkpointtypes "github.com/dualchain/dualchain/x/checkpoint/types"
	"github.com/dualchain/dualchain/x/finality/types"
)

// maxAnswer bounds an answer of the node in bytes: the votes of an epoch list the whole voter set.
const maxAnswer = 64 << 20

// maxHeaders bounds the headers of an answer in bytes: the text of an error is one.
const maxHeaders = 16 << 10

// registerTimeout bounds the question whether a voter is jailed.
const registerTimeout = 5 * time.Second

// network is the nodes and witnesses of a configuration: what to watch, and where to send votes.
type network struct {
	watch  *watch.Pool
	submit *submit.Nodes
	conns  []*grpc.ClientConn // of the nodes, then of the witnesses
}

// connect doesn't wait for any node. Close the network after use.
func connect(config home.Config, log *slog.Logger) (*network, error) {
	n := new(network)
	var targets []submit.Named
	endpoints := func(nodes []home.NodeConfig) (found []watch.Endpoint, _ error) {
		for _, from := range nodes {
			conn, connErr := dial(from.GRPC)
			blocks, err := watch.NewComet(from.RPC)
			if err := errors.Join(connErr, err); err != nil {
				return nil, err
			}
			n.conns = append(n.conns, conn)
			targets = append(targets, submit.Named{Node: submit.NewGRPC(conn), Name: from.GRPC})
			found = append(found, watch.Endpoint{
				Address: from.GRPC, Blocks: blocks,
				Finality: types.NewQueryClient(conn), Checkpoints: checkpointtypes.NewQueryClient(conn),
			})
		}
		return found, nil
	}
	nodes, err := endpoints(config.Nodes)
	witnesses, witnessErr := endpoints(config.Witnesses)
	if err := errors.Join(err, witnessErr); err != nil {
		n.close()
		return nil, err
	}
	n.watch = watch.NewPool(watch.Config{
		ChainID: config.ChainID, Poll: time.Duration(config.PollInterval), StallAfter: time.Duration(config.StallAfter),
	}, nodes, witnesses, log)
	n.submit = submit.NewNodes(targets[:len(nodes)], n.watch.Healthy, log)
	return n, nil
}

// health says what the monitor wants to know of nodes and witnesses.
func (n *network) health() []monitor.Node {
	out := []monitor.Node{}
	for _, h := range n.watch.Health() {
		out = append(out, monitor.Node{Address: h.Address, Witness: h.Witness, Healthy: h.Healthy, InUse: h.InUse, Height: h.Height, Error: h.Reason})
	}
	return out
}

// alarms says what is wrong with nodes and witnesses, beside the duties of keys.
func (n *network) alarms() []monitor.Standing {
	var out []monitor.Standing
	for _, err := range n.watch.Alarms() {
		out = append(out, monitor.Stand(reasonOf(err), err))
	}
	return out
}

// register asks the node in use what the chain knows of a key.
func (n *network) register(ctx context.Context, key ffg.PublicKey) (types.Voter, error) {
	ctx, cancel := context.WithTimeout(ctx, registerTimeout)
	defer cancel()
	answer, err := types.NewQueryClient(n.conns[n.watch.Healthy()[0]]).Voter(ctx, &types.QueryVoterRequest{Voter: key.String()})
	if err != nil {
		return types.Voter{}, err
	}
	return answer.Voter, nil
}

func (n *network) close() {
	for _, conn := range n.conns {
		_ = conn.Close() // nothing more to say
	}
}

// dial makes a connection that begins when it is used and comes back within two seconds of its node.
func dial(address string) (*grpc.ClientConn, error) {
	conn, err := grpc.NewClient(address,
		grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithDefaultCallOptions(grpc.ForceCodec(gogocodec.Codec{}), grpc.MaxCallRecvMsgSize(maxAnswer), grpc.WaitForReady(true)),
		grpc.WithMaxHeaderListSize(maxHeaders), grpc.WithUnaryInterceptor(shortenErrors),
		grpc.WithConnectParams(grpc.ConnectParams{
			Backoff:           backoff.Config{BaseDelay: 100 * time.Millisecond, Multiplier: 1.6, Jitter: 0.2, MaxDelay: 2 * time.Second},
			MinConnectTimeout: 2 * time.Second,
		}))
	if err != nil {
		return nil, fmt.Errorf("use gRPC address %q: %w", redact.URL(address), redact.Error(err))
	}
	return conn, nil
}

// shortenErrors makes what a node says of an error fit for the log.
func shortenErrors(ctx context.Context, method string, question, answer any, conn *grpc.ClientConn, ask grpc.UnaryInvoker, opts ...grpc.CallOption) error {
	err := ask(ctx, method, question, answer, conn, opts...)
	if err == nil {
		return nil
	}
	return status.Error(status.Code(err), foreign.Text(status.Convert(err).Message()))
}
