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

func TestRootsKeysAndSignaturesHaveOneSpelling(t *testing.T) {
	for what, tc := range map[string]struct {
		text  string
		parse func(string) (string, error)
	}{
		"root":       {strings.Repeat("a1", 32), func(s string) (string, error) { r, err := ffg.ParseRoot(s); return r.String(), err }},
		"public key": {strings.Repeat("a1", 48), func(s string) (string, error) { k, err := ffg.ParsePublicKey(s); return k.String(), err }},
		"signature": {strings.Repeat("a1", 96), func(s string) (string, error) {
			signature, err := ffg.ParseSignature(s)
			text, _ := signature.MarshalText()
			return string(text), err
		}},
	} {
		if again, err := tc.parse(tc.text); err != nil || again != tc.text {
			t.Errorf("%s: expected %s back, found %s and %v", what, tc.text, again, err)
		}
		for name, text := range map[string]string{
			"a digit short": tc.text[1:], "a digit long": tc.text + "0", "in upper case": strings.ToUpper(tc.text), "one digit upper": "A" + tc.text[1:],
			"with a prefix": "0x" + tc.text, "with a prefix inside": "0x" + tc.text[2:], "with a space": tc.text[1:] + " ", "empty": "",
			"not hexadecimal": tc.text[1:] + "g", "between the digits and the letters": tc.text[1:] + ":", "before the letters": tc.text[1:] + "`",
			"not ASCII": "é" + tc.text[2:],
		} {
			if _, err := tc.parse(text); !errors.Is(err, ffg.ErrEncoding) {
				t.Errorf("%s %s: expected %v, found %v", what, name, ffg.ErrEncoding, err)
			}
		}
	}
}

func TestVotesArePrintedWithEpochsAndRoots(t *testing.T) {
	v := vote(3, 5, 0x50)
	if found, expected := v.String(), "3:"+root(3).String()+" → 5:"+root(0x50).String(); found != expected {
		t.Errorf("expected %s, found %s", expected, found)
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

func TestReferencesAsPeopleCopyThem(t *testing.T) {
	ref := ffg.Ref{Epoch: 42, Root: ffg.Root{0xab, 0xcd}}
	digits := ref.Root.String()
	for _, text := range []string{ref.String(), "42:" + strings.ToUpper(digits), "042:" + digits} {
		if found, err := ffg.ParseRef(text); err != nil || found != ref {
			t.Errorf("%q: expected %s, found %s, %v", text, ref, found, err)
		}
	}
	for _, text := range []string{
		"", ":", "42", "42:", ":" + digits, "42:" + digits[1:], "42:" + digits + "0", "-1:" + digits, "+1:" + digits, " 42:" + digits, "42: " + digits,
		"18446744073709551616:" + digits, "42:0x" + digits[2:], "42;" + digits, "42:" + digits + ":",
	} {
		if found, err := ffg.ParseRef(text); !errors.Is(err, ffg.ErrEncoding) || !strings.Contains(err.Error(), "expected EPOCH:ROOT") || found != (ffg.Ref{}) {
			t.Errorf("%q: expected an error, found %s, %v", text, found, err)
		}
	}
}
