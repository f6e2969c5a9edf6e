package watch

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"net/http"
	"net/url"
	"time"

	cmtjson "github.com/cometbft/cometbft/libs/json"
	rpchttp "github.com/cometbft/cometbft/rpc/client/http"
	ctypes "github.com/cometbft/cometbft/rpc/core/types"
	rpctypes "github.com/cometbft/cometbft/rpc/jsonrpc/types"
	cmttypes "github.com/cometbft/cometbft/types"
	"github.com/gorilla/websocket"

	"github.com/dualchain/dualchain/internal/foreign"
	"github.com/dualchain/dualchain/internal/redact"
	"github.com/dualchain/dualchain/voter/internal/cometrpc"
)

// websocketPath is where CometBFT serves events.
const websocketPath = "/websocket"

// idleTimeout closes a connection on which nothing arrives. CometBFT sends a ping every 27 s.
const idleTimeout = 60 * time.Second

// maxEvent bounds an event in bytes; a header has about 2 kB.
const maxEvent = 1 << 20

// Comet reads blocks from CometBFT's RPC.
type Comet struct {
	http   *rpchttp.HTTP
	events string      // address of the websocket
	login  http.Header // of the websocket
}

// NewComet returns a Comet for an address like tcp://127.0.0.1:26657, http://… or https://…. It doesn't connect.
func NewComet(address string) (*Comet, error) {
	events, login, err := eventsAddress(address)
	if err != nil {
		return nil, err
	}
	client, err := cometrpc.New(address, 0)
	if err != nil {
		return nil, fmt.Errorf("use RPC address %q: %w", redact.URL(address), redact.Error(err))
	}
	return &Comet{http: client, events: events, login: login}, nil
}

// eventsAddress returns the address of the websocket, and the user and the password of the address as a header, where the websocket's
// client expects them.
func eventsAddress(address string) (string, http.Header, error) {
	scheme, known := "", false
	u, err := url.Parse(address)
	if err == nil {
		scheme, known = map[string]string{"tcp": "ws", "http": "ws", "https": "wss"}[u.Scheme]
	}
	if !known || u.Host == "" {
		return "", nil, fmt.Errorf("parse RPC address: expected tcp://HOST:PORT, http://… or https://…, found %q", redact.URL(address))
	}
	request := http.Request{Header: http.Header{}}
	if u.User != nil {
		password, _ := u.User.Password()
		request.SetBasicAuth(u.User.Username(), password)
		u.User = nil
	}
	u.Scheme = scheme
	return u.JoinPath(websocketPath).String(), request.Header, nil
}

// Status implements Blocks.
func (c *Comet) Status(ctx context.Context) (Status, error) {
	answer, err := c.http.Status(ctx)
	if err != nil {
		return Status{}, foreign.Error(redact.Error(err))
	}
	if answer.SyncInfo.LatestBlockHeight < 0 {
		return Status{}, fmt.Errorf("%w: expected a height, found %d", ErrInconsistent, answer.SyncInfo.LatestBlockHeight)
	}
	return Status{
		ChainID:    answer.NodeInfo.Network,
		Height:     uint64(answer.SyncInfo.LatestBlockHeight),
		CatchingUp: answer.SyncInfo.CatchingUp,
	}, nil
}

// Latest implements Blocks. The node may not have executed the block yet.
func (c *Comet) Latest(ctx context.Context) (Header, error) { return c.header(ctx, nil) }

// At implements Blocks.
func (c *Comet) At(ctx context.Context, height uint64) (Header, error) {
	if height > math.MaxInt64 {
		return Header{}, fmt.Errorf("%w: expected a height below 2^63, found %d", ErrInconsistent, height)
	}
	signed := int64(height)
	return c.header(ctx, &signed)
}

func (c *Comet) header(ctx context.Context, height *int64) (Header, error) {
	answer, err := c.http.Header(ctx, height)
	if err != nil {
		return Header{}, foreign.Error(redact.Error(err))
	}
	return headerOf(answer.Header)
}

// Listen implements Blocks. CometBFT publishes a header after the application has committed the block.
func (c *Comet) Listen(ctx context.Context, started func(), found func(Header)) error {
	conn, response, err := websocket.DefaultDialer.DialContext(ctx, c.events, c.login)
	if err != nil {
		return fmt.Errorf("connect to %s: %w", redact.URL(c.events), redact.Error(err))
	}
	defer response.Body.Close() //nolint:errcheck // an upgraded connection has no body
	defer conn.Close()          //nolint:errcheck // nothing is left to send
	stop := context.AfterFunc(ctx, func() { _ = conn.Close() })
	defer stop()

	conn.SetReadLimit(maxEvent)
	alive := func() error { return conn.SetReadDeadline(time.Now().Add(idleTimeout)) }
	answerPing := conn.PingHandler()
	conn.SetPingHandler(func(data string) error {
		if err := alive(); err != nil {
			return err
		}
		return answerPing(data)
	})
	subscribe, err := rpctypes.MapToRequest(rpctypes.JSONRPCIntID(0), "subscribe",
		map[string]any{"query": cmttypes.EventQueryNewBlockHeader.String()})
	if err != nil {
		return fmt.Errorf("subscribe to blocks: %w", err)
	}
	if err := conn.WriteJSON(subscribe); err != nil {
		return fmt.Errorf("subscribe to blocks: %w", err)
	}
	for {
		if err := alive(); err != nil {
			return fmt.Errorf("read event: %w", err)
		}
		_, message, err := conn.ReadMessage()
		if err != nil {
			return fmt.Errorf("read event: %w", err)
		}
		header, isEvent, err := decodeEvent(message)
		switch {
		case err != nil:
			return fmt.Errorf("read event: %w", err)
		case isEvent:
			found(header)
		default:
			started()
		}
	}
}

// decodeEvent decodes an event. It reports false for the answer to the subscription, which is empty.
func decodeEvent(message []byte) (header Header, isEvent bool, err error) {
	var response rpctypes.RPCResponse
	if err := json.Unmarshal(message, &response); err != nil {
		return Header{}, false, err
	}
	if response.Error != nil {
		return Header{}, false, foreign.Error(response.Error)
	}
	var event ctypes.ResultEvent
	if err := cmtjson.Unmarshal(response.Result, &event); err != nil {
		return Header{}, false, err
	}
	if event.Data == nil {
		return Header{}, false, nil
	}
	data, ok := event.Data.(cmttypes.EventDataNewBlockHeader)
	if !ok {
		return Header{}, false, fmt.Errorf("%w: expected a new block header, found %T", ErrInconsistent, event.Data)
	}
	header, err = headerOf(&data.Header)
	return header, true, err
}
