package keys

import (
	"encoding/hex"
	"fmt"

	"github.com/dualchain/dualchain/core/bls"
	"github.com/dualchain/dualchain/core/ffg"
)

// Possession is a key's part of a voter's registration. The proof of possession is valid for one operator on one chain
// (protocol §2).
type Possession struct {
	ChainID    string `json:"chain_id"`
	Operator   string `json:"operator"`   // as given: the account's address in bech32
	PubKey     string `json:"pub_key"`    // 96 lower-case hexadecimal digits
	Possession string `json:"possession"` // 192 lower-case hexadecimal digits
}

// Prove makes the proof for the operator's address. It signs the raw bytes of the address, and wraps ffg.ErrOperator if
// their length is impossible.
func Prove(secret *bls.SecretKey, chainID, operator string, address []byte) (Possession, error) {
	public := secret.PublicKey()
	if public == nil {
		return Possession{}, fmt.Errorf("prove possession: %w: expected a secret key, found none", ErrFormat)
	}
	root, err := ffg.Possession(ffg.Domain(chainID), address, public.Bytes())
	if err != nil {
		return Possession{}, fmt.Errorf("prove possession: %w", err)
	}
	proof := secret.ProvePossession(root)
	return Possession{ChainID: chainID, Operator: operator, PubKey: public.String(), Possession: hex.EncodeToString(proof[:])}, nil
}
