package watch

import (
	"encoding/json"
	"testing"
	"time"

	ctypes "github.com/cometbft/cometbft/rpc/core/types"
	rpctypes "github.com/cometbft/cometbft/rpc/jsonrpc/types"
	cmttypes "github.com/cometbft/cometbft/types"
)

func encoded(t testing.TB, data cmttypes.TMEventData) []byte {
	t.Helper()
	message, err := json.Marshal(rpctypes.NewRPCSuccessResponse(rpctypes.JSONRPCIntID(0), &ctypes.ResultEvent{Query: "q", Data: data}))
	if err != nil {
		t.Fatal(err)
	}
	return message
}

func header() cmttypes.Header {
	return cmttypes.Header{ChainID: chainID, Height: 7, Time: time.UnixMilli(1).UTC(), ValidatorsHash: make([]byte, 32)}
}

func TestEvents(t *testing.T) {
	good := header()
	early, low, blank := header(), header(), header()
	early.Time, low.Height, blank.ValidatorsHash = time.UnixMilli(-1).UTC(), 0, nil
	newHeader := func(h cmttypes.Header) []byte { return encoded(t, cmttypes.EventDataNewBlockHeader{Header: h}) }
	for name, tc := range map[string]struct {
		message []byte
		isEvent bool
		fails   bool
	}{
		"a header":                {message: newHeader(good), isEvent: true},
		"the answer to subscribe": {message: []byte(`{"jsonrpc": "2.0", "id": 0, "result": {}}`)},
		"an error":                {message: []byte(`{"jsonrpc": "2.0", "id": 0, "error": {"code": 1, "message": "slow client"}}`), fails: true},
		"another event":           {message: encoded(t, cmttypes.EventDataTx{}), fails: true},
		"no JSON":                 {message: []byte("{"), fails: true},
		"an odd result":           {message: []byte(`{"jsonrpc": "2.0", "id": 0, "result": [1]}`), fails: true},
		"a time before 1970":      {message: newHeader(early), fails: true, isEvent: true},
		"height 0":                {message: newHeader(low), fails: true, isEvent: true},
		"a header without a hash": {message: newHeader(blank), fails: true, isEvent: true},
	} {
		found, isEvent, err := decodeEvent(tc.message)
		if isEvent != tc.isEvent || (err != nil) != tc.fails {
			t.Errorf("%s: expected event %t, error %t, found %t, %v", name, tc.isEvent, tc.fails, isEvent, err)
		}
		if tc.isEvent && !tc.fails && (found.Height != 7 || found.Time != 1 || string(found.Hash[:]) != string(good.Hash())) {
			t.Errorf("%s: expected %v, found %+v", name, good, found)
		}
	}
}

func FuzzDecodeEvent(f *testing.F) {
	f.Add(encoded(f, cmttypes.EventDataNewBlockHeader{Header: header()}))
	f.Add([]byte(`{"jsonrpc": "2.0", "id": 0, "result": {}}`))
	f.Fuzz(func(t *testing.T, message []byte) {
		if found, isEvent, err := decodeEvent(message); isEvent && err == nil && (found.Height == 0 || found.Hash.IsZero()) {
			t.Errorf("expected a header with height and hash, found %+v", found)
		}
	})
}

func TestOnlyTheLatestTipWaits(t *testing.T) {
	l := latest{tips: make(chan Header, 1)}
	for height := range uint64(5) {
		l.put(Header{Height: height + 1})
	}
	if tip := <-l.tips; tip.Height != 5 {
		t.Errorf("expected block 5, found %d", tip.Height)
	}
	l.put(Header{Height: 5}) // announced again
	if len(l.tips) != 0 {
		t.Errorf("expected nothing new, found %v", <-l.tips)
	}
	l.put(Header{Height: 5, Hash: [32]byte{1}})
	if tip := <-l.tips; tip.Hash.IsZero() {
		t.Error("expected another block of the same height to be new, found none")
	}
}
