package cert_test

import (
	"bytes"
	"crypto/sha256"
	"testing"
	"time"

	"cosmossdk.io/log/v2"
	abci "github.com/cometbft/cometbft/abci/types"
	cmtversion "github.com/cometbft/cometbft/proto/tendermint/version"
	comet "github.com/cometbft/cometbft/types"
	dbm "github.com/cosmos/cosmos-db"
	"github.com/cosmos/cosmos-sdk/store/v2/rootmulti"
	storetypes "github.com/cosmos/cosmos-sdk/store/v2/types"
	"github.com/stretchr/testify/require"

	"github.com/dualchain/dualchain/cert/prove"
	"github.com/dualchain/dualchain/core/cert"
	"github.com/dualchain/dualchain/core/cert/certtest"
	"github.com/dualchain/dualchain/core/ffg"
)

// ledger is a chain of checkpoints over CometBFT's own blocks and a store of the SDK's own. Block 5 has transactions, block 6
// their results and the state after block 5. Epoch 1 is at block 3, epoch 2 at block 9.
type ledger struct {
	*certtest.Chain
	headers map[uint64]*comet.Header
	txs     comet.Txs
	results []*abci.ExecTxResult
	store   *rootmulti.Store
}

const (
	txHeight     = 5
	firstEpoch   = 1
	ledgerEpoch  = 2
	ledgerHeight = 9
)

func newLedger(t testing.TB) ledger {
	t.Helper()
	voters := certtest.NewVoters(8)
	l := ledger{
		Chain:   certtest.New(vectorChain, voters, voters.Side(10, 10, 10, 10, 10)),
		headers: map[uint64]*comet.Header{},
		txs:     comet.Txs{[]byte("pay"), []byte("fail"), []byte("again"), []byte("vote"), []byte("last")},
		results: []*abci.ExecTxResult{
			{Code: 0, Data: []byte("paid"), Log: "not proven", GasWanted: 200_000, GasUsed: 61_234},
			{Code: 5, Codespace: "sdk", Log: "insufficient funds", GasWanted: 100_000, GasUsed: 40_000},
			{GasWanted: 1, GasUsed: 1},
			{},
			{Data: []byte{0}, GasWanted: -1},
		},
		store: newStore(t),
	}
	for height := uint64(1); height <= ledgerHeight+1; height++ {
		l.block(height)
		switch height {
		case 3, ledgerHeight, ledgerHeight + 1:
			epoch := l.ProposeHere()
			l.Vote(epoch-1, epoch)
		}
	}
	return l
}

// block appends a header that follows from the blocks before it.
func (l ledger) block(height uint64) {
	fill := func(b byte) []byte { return bytes.Repeat([]byte{b}, sha256.Size) }
	header := &comet.Header{
		Version: cmtversion.Consensus{Block: 11, App: 1}, ChainID: vectorChain, Height: int64(height),
		Time:        time.UnixMilli(int64(certtest.Genesis + 1000*height)).UTC(),
		LastBlockID: comet.BlockID{Hash: fill(1), PartSetHeader: comet.PartSetHeader{Total: 1, Hash: fill(2)}},
		// The other fields of a header.
		LastCommitHash: fill(3), ValidatorsHash: fill(4), NextValidatorsHash: fill(5), ConsensusHash: fill(6), EvidenceHash: fill(7),
		ProposerAddress: bytes.Repeat([]byte{8}, 20),
		DataHash:        comet.Txs{}.Hash(), LastResultsHash: comet.NewResults(nil).Hash(), AppHash: fill(9),
	}
	switch height {
	case txHeight:
		header.DataHash = l.txs.Hash()
	case txHeight + 1:
		header.LastResultsHash = comet.NewResults(l.results).Hash()
		header.AppHash = l.store.LastCommitID().Hash
	}
	l.headers[height] = header
	l.Block(ffg.Root(header.Hash()))
}

// tx returns a transaction's proof under the ledger's epoch.
func (l ledger) tx(t *testing.T, index int) cert.TxProof {
	t.Helper()
	p, err := prove.Tx(l.headers[txHeight], l.headers[txHeight+1], l.txs, l.results, index)
	require.NoError(t, err)
	p.Block, p.Next = l.Inclusion(txHeight, ledgerEpoch), l.Inclusion(txHeight+1, ledgerEpoch)
	return p
}

// newStore commits some keys at version 5.
func newStore(t testing.TB) *rootmulti.Store {
	t.Helper()
	store := rootmulti.NewStore(dbm.NewMemDB(), log.NewNopLogger())
	bank, gov := storetypes.NewKVStoreKey("bank"), storetypes.NewKVStoreKey("gov")
	for _, key := range []*storetypes.KVStoreKey{bank, gov, storetypes.NewKVStoreKey("empty")} {
		store.MountStoreWithDB(key, storetypes.StoreTypeIAVL, nil)
	}
	require.NoError(t, store.LoadLatestVersion())
	for version := byte(1); version <= txHeight; version++ {
		for _, name := range []string{"alice", "bob", "carol", "dave"} {
			store.GetKVStore(bank).Set([]byte(name), []byte{version, 100})
		}
		store.GetKVStore(bank).Set(balanceKey(t), []byte("1234567890123456789"))
		store.GetKVStore(gov).Set([]byte("proposal"), []byte{version})
		store.Commit()
	}
	return store
}

// state returns the proof of what the bank's store has under a key after block 5.
func (l ledger) state(t *testing.T, key string) cert.StateProof { return l.stateIn(t, "bank", key) }

func (l ledger) stateIn(t *testing.T, store, key string) cert.StateProof {
	t.Helper()
	answer, err := l.store.Query(&storetypes.RequestQuery{Path: "/" + store + "/key", Data: []byte(key), Height: txHeight, Prove: true})
	require.NoError(t, err)
	p, err := prove.State(store, []byte(key), (*abci.ResponseQuery)(answer), l.headers[txHeight+1])
	require.NoError(t, err)
	p.Block = l.Inclusion(txHeight+1, ledgerEpoch)
	return p
}
