package ffg_test

import (
	"encoding"
	"encoding/json"
	"errors"
	"reflect"
	"strings"
	"testing"

	"github.com/dualchain/dualchain/core/ffg"
)

func TestTextIsHexadecimalBothWays(t *testing.T) {
	signature := ffg.Signature{0xab, 0xcd}
	bits := ffg.Bitfield{0x01, 0xef}
	r, k := root(0xa1), ffg.PublicKey{0xab}
	for name, tc := range map[string]struct {
		value encoding.TextMarshaler
		into  encoding.TextUnmarshaler
		text  string
	}{
		"root":      {r, new(ffg.Root), r.String()},
		"key":       {k, new(ffg.PublicKey), k.String()},
		"signature": {signature, new(ffg.Signature), "abcd" + strings.Repeat("0", 188)},
		"bitfield":  {bits, new(ffg.Bitfield), "01ef"},
	} {
		t.Run(name, func(t *testing.T) {
			text, err := tc.value.MarshalText()
			if err != nil || string(text) != tc.text {
				t.Fatalf("expected %s, found %s and %v", tc.text, text, err)
			}
			if err := tc.into.UnmarshalText(text); err != nil {
				t.Fatal(err)
			}
			if found := reflect.ValueOf(tc.into).Elem().Interface(); !reflect.DeepEqual(found, tc.value) {
				t.Errorf("expected %v, found %v", tc.value, found)
			}
			for _, other := range []string{tc.text[1:], tc.text + "0", strings.ToUpper(tc.text), "zz" + tc.text[2:], " " + tc.text[1:]} {
				if err := tc.into.UnmarshalText([]byte(other)); !errors.Is(err, ffg.ErrEncoding) {
					t.Errorf("%q: expected %v, found %v", other, ffg.ErrEncoding, err)
				}
			}
		})
	}
	var short ffg.Root
	if err := short.UnmarshalText(nil); !errors.Is(err, ffg.ErrEncoding) {
		t.Errorf("no text: expected %v, found %v", ffg.ErrEncoding, err)
	}
}

// Other programs read checkpoints by these names, with numbers that JavaScript would round as strings.
func TestCheckpointsInJSON(t *testing.T) {
	c := child(anchor())
	c.Height = 1<<64 - 1
	text, err := json.Marshal(c)
	if err != nil {
		t.Fatal(err)
	}
	for _, part := range []string{`"epoch":"1"`, `"height":"18446744073709551615"`, `"degraded":false`, `"anchor":"0"`, `"block_hash":"` + c.BlockHash.String() + `"`} {
		if !strings.Contains(string(text), part) {
			t.Errorf("expected %s in %s", part, text)
		}
	}
	var again ffg.Checkpoint
	if err := json.Unmarshal(text, &again); err != nil || again != c {
		t.Errorf("expected %v back, found %v and %v", c, again, err)
	}
}
