package keys

import (
	"math"
	"strings"
	"testing"
)

// A hostile file must not make the voter compute for ever or use all memory: parameters out of bounds are refused before
// anything is derived.
func TestWhatAKeystoreMayAskFor(t *testing.T) {
	salt := make(hexBytes, 32)
	for name, tc := range map[string]struct {
		kdf  kdf
		want string
	}{
		"EIP-2335's scrypt":       {&scryptParams{32, 1 << 18, 1, 8, salt}, ""},
		"most memory":             {&scryptParams{32, 1 << 20, 1, 8, salt}, ""},
		"twice that":              {&scryptParams{32, 1 << 21, 1, 8, salt}, "n·r·p"},
		"64 gigabytes":            {&scryptParams{32, 1 << 26, 1, 8, salt}, "n·r·p"},
		"most lanes":              {&scryptParams{32, 1 << 18, 4, 8, salt}, ""},
		"a lane more":             {&scryptParams{32, 1 << 18, 5, 8, salt}, "n·r·p"},
		"largest blocks":          {&scryptParams{32, 1 << 18, 1, 32, salt}, ""},
		"larger blocks":           {&scryptParams{32, 2, 1, 33, salt}, "r: expected 1 to 32, found 33"},
		"2.5 gigabytes of blocks": {&scryptParams{32, 2, 1, 1 << 22, salt}, "r: expected 1 to 32, found 4194304"},
		"no blocks":               {&scryptParams{32, 2, 1, 0, salt}, "r: expected 1 to 32, found 0"},
		"most lanes of all":       {&scryptParams{32, 2, 16, 32, salt}, ""},
		"more lanes":              {&scryptParams{32, 2, 17, 1, salt}, "p: expected 1 to 16, found 17"},
		"no lanes":                {&scryptParams{32, 2, 0, 1, salt}, "p: expected 1 to 16, found 0"},
		"a product that is 0":     {&scryptParams{32, 1 << 63, 1, 2, salt}, "n·r·p"},
		"lanes that overflow":     {&scryptParams{32, 2, math.MaxUint64, 1, salt}, "p: expected"},
		"blocks that overflow":    {&scryptParams{32, 2, 1, math.MaxUint64, salt}, "r: expected"},
		"EIP-2335's pbkdf2":       {&pbkdf2Params{32, 1 << 18, prf, salt}, ""},
		"once":                    {&pbkdf2Params{32, 1, prf, salt}, ""},
		"never":                   {&pbkdf2Params{32, 0, prf, salt}, "c: expected"},
		"most iterations":         {&pbkdf2Params{32, 1 << 24, prf, salt}, ""},
		"an iteration more":       {&pbkdf2Params{32, 1<<24 + 1, prf, salt}, "c: expected"},
		"shortest":                {&pbkdf2Params{32, 1, prf, salt[:1]}, ""},
		"longest":                 {&pbkdf2Params{64, 1, prf, make(hexBytes, 1024)}, ""},
		"a key of 2^64 − 1 bytes": {&pbkdf2Params{math.MaxUint64, 1, prf, salt}, "dklen: expected"},
	} {
		err := tc.kdf.check()
		if (err == nil) != (tc.want == "") || err != nil && !strings.Contains(err.Error(), tc.want) {
			t.Errorf("%s: expected an error with %q, found %v", name, tc.want, err)
		}
	}
}
