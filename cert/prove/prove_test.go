package prove_test

import (
	"bytes"
	"testing"
	"time"

	abci "github.com/cometbft/cometbft/abci/types"
	"github.com/cometbft/cometbft/proto/tendermint/crypto"
	comet "github.com/cometbft/cometbft/types"
	"github.com/stretchr/testify/require"

	"github.com/dualchain/dualchain/cert/prove"
)

func header(height int64) *comet.Header {
	hash := bytes.Repeat([]byte{7}, 32)
	return &comet.Header{
		ChainID: "prove", Height: height, Time: time.Unix(height, 0), ValidatorsHash: hash, DataHash: hash, LastResultsHash: hash, AppHash: hash,
	}
}

// Genuine proofs are made and verified in package cert; here is what can't be one.
func TestInputsThatDoNotBelongTogether(t *testing.T) {
	txs, results := comet.Txs{[]byte("a"), []byte("b")}, []*abci.ExecTxResult{{}, {}}
	unhashed := header(5)
	unhashed.ValidatorsHash = nil
	short := header(5)
	short.DataHash = []byte{1}
	for name, make := range map[string]func() error{
		"a negative index": func() error { _, err := prove.Tx(header(5), header(6), txs, results, -1); return err },
		"an index too far": func() error { _, err := prove.Tx(header(5), header(6), txs, results, 2); return err },
		"a result missing": func() error { _, err := prove.Tx(header(5), header(6), txs, results[1:], 0); return err },
		"headers apart":    func() error { _, err := prove.Tx(header(5), header(7), txs, results, 0); return err },
		"no data hash":     func() error { _, err := prove.Tx(short, header(6), txs, results, 0); return err },
		"no header hash":   func() error { _, err := prove.Block(unhashed); return err },
		"state, headers apart": func() error {
			_, err := prove.State("bank", nil, &abci.ResponseQuery{Height: 5}, header(5))
			return err
		},
		"state without proof": func() error {
			_, err := prove.State("bank", nil, &abci.ResponseQuery{Height: 5}, header(6))
			return err
		},
		"state by one tree": func() error {
			ops := &crypto.ProofOps{Ops: []crypto.ProofOp{{}}}
			_, err := prove.State("bank", nil, &abci.ResponseQuery{Height: 5, ProofOps: ops}, header(6))
			return err
		},
	} {
		t.Run(name, func(t *testing.T) { require.ErrorIs(t, make(), prove.ErrNotProvable) })
	}
}
