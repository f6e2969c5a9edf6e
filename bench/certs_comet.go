package main

import (
	"bytes"
	"fmt"
	"time"

	abci "github.com/cometbft/cometbft/abci/types"
	"github.com/cometbft/cometbft/crypto/ed25519"
	"github.com/cometbft/cometbft/light"
	cmtproto "github.com/cometbft/cometbft/proto/tendermint/types"
	cmtversion "github.com/cometbft/cometbft/proto/tendermint/version"
	comet "github.com/cometbft/cometbft/types"
	"github.com/cometbft/cometbft/version"

	"github.com/dualchain/dualchain/cert/prove"
	"github.com/dualchain/dualchain/core/cert"
	"github.com/dualchain/dualchain/core/ffg"
)

// cometValidators is the number of validators of the commit that certificates are compared with.
const cometValidators = 100

var cometTime = time.UnixMilli(1_700_000_000_000).UTC()

// measureCommit measures the work of CometBFT's light client for the next header: hashes, and the Ed25519 signatures of two
// thirds of the validators. The size is that of the signed header in protobuf, without the validators.
func measureCommit() (row, error) {
	set, keys := cometSet()
	trusted, err := signedHeader(set, keys, 1)
	if err != nil {
		return row{}, err
	}
	next, err := signedHeader(set, keys, 2)
	if err != nil {
		return row{}, err
	}
	var samples []sample
	for range certReps {
		s, err := measure(func() error {
			return light.VerifyAdjacent(trusted, next, set, time.Hour, cometTime.Add(time.Minute), time.Second)
		})
		if err != nil {
			return row{}, fmt.Errorf("verify the commit: %w", err)
		}
		samples = append(samples, s)
	}
	return table{voters: cometValidators}.row("comet_commit", median(samples)).sized(next.ToProto().Size()), nil
}

func cometSet() (*comet.ValidatorSet, map[string]ed25519.PrivKey) {
	keys := make(map[string]ed25519.PrivKey, cometValidators)
	validators := make([]*comet.Validator, cometValidators)
	for i := range validators {
		key := ed25519.GenPrivKeyFromSecret(fmt.Appendf(nil, "bench validator %d", i))
		validators[i] = comet.NewValidator(key.PubKey(), 10)
		keys[string(validators[i].Address)] = key
	}
	return comet.NewValidatorSet(validators), keys
}

// header returns a header of a chain that changes nothing.
func header(set *comet.ValidatorSet, height int64) *comet.Header {
	hash := bytes.Repeat([]byte{1}, len(ffg.Root{}))
	return &comet.Header{
		Version: cmtversion.Consensus{Block: version.BlockProtocol}, ChainID: "bench", Height: height,
		Time:           cometTime.Add(time.Duration(height) * time.Second),
		LastBlockID:    comet.BlockID{Hash: hash, PartSetHeader: comet.PartSetHeader{Total: 1, Hash: hash}},
		LastCommitHash: hash, DataHash: hash, ConsensusHash: hash, AppHash: hash, LastResultsHash: hash, EvidenceHash: hash,
		ValidatorsHash: set.Hash(), NextValidatorsHash: set.Hash(), ProposerAddress: set.Validators[0].Address,
	}
}

// signedHeader returns a header that all validators signed.
func signedHeader(set *comet.ValidatorSet, keys map[string]ed25519.PrivKey, height int64) (*comet.SignedHeader, error) {
	h := header(set, height)
	id := comet.BlockID{Hash: h.Hash(), PartSetHeader: comet.PartSetHeader{Total: 1, Hash: h.Hash()}}
	commit := &comet.Commit{Height: height, BlockID: id}
	for i, validator := range set.Validators {
		vote := comet.Vote{
			Type: cmtproto.PrecommitType, Height: height, BlockID: id, Timestamp: h.Time,
			ValidatorAddress: validator.Address, ValidatorIndex: int32(i),
		}
		signature, err := keys[string(validator.Address)].Sign(comet.VoteSignBytes(h.ChainID, vote.ToProto()))
		if err != nil {
			return nil, err
		}
		vote.Signature = signature
		commit.Signatures = append(commit.Signatures, vote.CommitSig())
	}
	return &comet.SignedHeader{Header: h, Commit: commit}, nil
}

// The number of transactions in the measured block, and of hashes in the paths of its blocks: those of 2²⁴ blocks.
const (
	blockTxs   = 1000
	pathLength = 24
)

// measureTxProof returns the sizes of the proof of a transaction with the certificate of these voters, in binary and as a
// line of JSON. The proof leaves out the verifier's trust. The times are those of encoding it.
func measureTxProof(voters []voter) ([]row, error) {
	c, err := newCertificates(voters)
	if err != nil {
		return nil, err
	}
	var txs comet.Txs
	var results []*abci.ExecTxResult
	for i := range blockTxs {
		txs = append(txs, fmt.Appendf(nil, "transaction %d", i))
		results = append(results, &abci.ExecTxResult{Data: bytes.Repeat([]byte{1}, 40), GasWanted: 200_000, GasUsed: 100_000})
	}
	set, _ := cometSet()
	block, next := header(set, 1), header(set, 2)
	block.DataHash, next.LastResultsHash = txs.Hash(), comet.NewResults(results).Hash()
	tx, err := prove.Tx(block, next, txs, results, blockTxs/2)
	if err != nil {
		return nil, err
	}
	tx.Block.Path, tx.Next.Path = make([]ffg.Root, pathLength), make([]ffg.Root, pathLength)
	proof := cert.Proof{ChainID: "bench", HandOvers: []cert.HandOver{{Certificate: c.cert}}, Tx: &tx}
	var rows []row
	for _, form := range []struct {
		name   string
		encode func() ([]byte, error)
	}{
		{"tx_proof", proof.Encode},
		{"tx_proof_json", func() ([]byte, error) { return cert.EncodeJSON(proof) }},
	} {
		var raw []byte
		s, err := measure(func() (err error) {
			raw, err = form.encode()
			return err
		})
		if err != nil {
			return nil, err
		}
		rows = append(rows, table{voters: len(voters)}.row(form.name, s).sized(len(raw)))
	}
	return rows, nil
}
