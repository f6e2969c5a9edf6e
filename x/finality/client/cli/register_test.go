package cli

import (
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/dualchain/dualchain/x/finality/types"
)

func TestAPossessionFileIsForOneOperatorOnOneChain(t *testing.T) {
	key, proof := strings.Repeat("a1", 48), strings.Repeat("b2", 96)
	file := func(chainID, operator, key, proof string) string {
		return fmt.Sprintf(`{"chain_id": %q, "operator": %q, "pub_key": %q, "possession": %q}`, chainID, operator, key, proof)
	}
	for name, tc := range map[string]struct {
		file string
		want string // in the error; "" for none
	}{
		"as printed":       {file("test-1", "dual1op", key, proof), ""},
		"another chain":    {file("test-2", "dual1op", key, proof), "expected a proof for this chain, test-1, found one for test-2"},
		"another operator": {file("test-1", "dual1other", key, proof), `expected a proof for --from, "dual1op", found one for "dual1other"`},
		"no operator":      {file("test-1", "", key, proof), "expected a proof for --from"},
		"short key":        {file("test-1", "dual1op", key[2:], proof), "pub_key: public key: expected 96"},
		"no proof":         {file("test-1", "dual1op", key, ""), "possession: signature: expected 192"},
		"short proof":      {file("test-1", "dual1op", key, proof[2:]), "possession: signature: expected 192"},
		"long proof":       {file("test-1", "dual1op", key, proof+"00"), "possession: signature: expected 192"},
		"a prefix":         {file("test-1", "dual1op", key, "0x"+proof[2:]), "possession: signature: expected lower-case"},
		"upper case":       {file("test-1", "dual1op", key, strings.ToUpper(proof)), "possession: signature: expected lower-case"},
		"nothing":          {"", "unexpected end"},
		"a list":           {"[]", "cannot unmarshal"},
	} {
		t.Run(name, func(t *testing.T) {
			msg := types.MsgRegisterVoter{Moniker: "stays"}
			err := readPossession([]byte(tc.file), "test-1", "dual1op", &msg)
			if tc.want == "" {
				if err != nil || msg.Operator != "dual1op" || msg.PubKey != key || hex.EncodeToString(msg.Possession) != proof || msg.Moniker != "stays" {
					t.Errorf("expected a registration, found %v, %v", msg, err)
				}
				return
			}
			if !errors.Is(err, ErrPossessionFile) || !strings.Contains(err.Error(), tc.want) || msg.PubKey != "" {
				t.Errorf("expected %v with %q, found %v", ErrPossessionFile, tc.want, err)
			}
		})
	}
}
