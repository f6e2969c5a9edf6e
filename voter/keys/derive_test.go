package keys

import (
	"encoding/hex"
	"errors"
	"math/big"
	"strings"
	"testing"

	"github.com/dualchain/dualchain/core/bls"
)

// This is the mnemonic of the first test cases of EIP-2333 and BIP-39.
var abandon = strings.Repeat("abandon ", 11) + "about"

// EIP-2333, test case 0: from the words to the child key. It is also BIP-39's first vector.
func TestWordsBecomeTheSeedThatIsPublished(t *testing.T) {
	seed, err := seedOf(abandon, "TREZOR")
	if err != nil {
		t.Fatal(err)
	}
	const want = "c55257c360c07c72029aebc1b53c05ed0362ada38ead3e3e9efa3708e53495531f09a6987599d18264c1e1c92f2cf141630c7a3c4ab7c81b2f001698e7463b04"
	if found := hex.EncodeToString(seed); found != want {
		t.Errorf("expected %s, found %s", want, found)
	}
	master, err := bls.KeyFromSeed(seed)
	if err != nil {
		t.Fatal(err)
	}
	child := master.Child(0).Bytes()
	if found := new(big.Int).SetBytes(child[:]).String(); found != "20397789859736650942317412262472558107875392172444076792671091975210932703118" {
		t.Errorf("expected the child key of the test case, found %s", found)
	}
}

// The words are kept on paper for years: these keys must never change.
func TestDerivedKeysNeverChange(t *testing.T) {
	for _, tc := range []struct {
		passphrase string
		index      uint32
		path       string
		public     string
	}{
		{"", 0, "m/1685414252/118/0/0", "ab2780c857269f3577003c355aa50f6e56bef44c7226b177f64cfde5b4749ebe793395c38c16e3bbcbace3c575a6d598"},
		{"", 1, "m/1685414252/118/1/0", "aa73a15e473684b5824b7d8b0c48104e17fe94731f6b69357cc1166858e801b386461d379e3328ecba67c4ca61a78599"},
		{"", 1<<32 - 1, "m/1685414252/118/4294967295/0", "a9a7fb3268568d23f2fbe8cddbc60c16ee7c88d628c8ffca4f8f4ba62e7a53dfab5fbda0b196cbf30ce91c90baf76a7f"},
		{"TREZOR", 0, "m/1685414252/118/0/0", "980303fbf30a4c17c3aee0a443e6b5778b2e28fce766eabd003abf45212e73d6956f36f0832fe568644c5ced1ca289a9"},
	} {
		secret, path, err := Derive(abandon, tc.passphrase, tc.index)
		if err != nil {
			t.Fatal(err)
		}
		if found := secret.PublicKey().String(); path != tc.path || found != tc.public {
			t.Errorf("expected %s at %s, found %s at %s", tc.public, tc.path, found, path)
		}
	}
}

// The same words under Ethereum's path (EIP-2334) give other keys.
func TestNoKeyIsOneOfEthereum(t *testing.T) {
	seed, err := seedOf(abandon, "")
	if err != nil {
		t.Fatal(err)
	}
	master, err := bls.KeyFromSeed(seed)
	if err != nil {
		t.Fatal(err)
	}
	ours, _, err := Derive(abandon, "", 0)
	if err != nil {
		t.Fatal(err)
	}
	account := master.Child(12381).Child(3600).Child(0).Child(0)
	for name, theirs := range map[string]*bls.SecretKey{"withdrawal": account, "signing": account.Child(0)} {
		if theirs.Bytes() == ours.Bytes() {
			t.Errorf("expected another key than Ethereum's for %s", name)
		}
	}
	if walked := master.Child(Purpose).Child(CoinType).Child(0).Child(0); walked.Bytes() != ours.Bytes() {
		t.Error("expected the key at the documented path, found another")
	}
}

func TestMnemonics(t *testing.T) {
	good := strings.Fields(abandon)
	for name, tc := range map[string]struct {
		words string
		want  string
	}{
		"12 words":               {abandon, ""},
		"24 words":               {strings.Repeat("abandon ", 23) + "art", ""},
		"on lines":               {" " + strings.Join(good, "\n\t") + "\r\n", ""},
		"none":                   {"", "found 0"},
		"11 words":               {strings.Join(good[:11], " "), "found 11"},
		"13 words":               {abandon + " about", "found 13"},
		"27 words":               {strings.Repeat("abandon ", 27), "found 27"},
		"a word of another list": {strings.Replace(abandon, "about", "ähnlich", 1), "at position 12"},
		"in capitals":            {strings.ToUpper(abandon), "at position 1"},
		"checksum":               {strings.Repeat("abandon ", 12), "checksum"},
	} {
		secret, _, err := Derive(tc.words, "", 0)
		if tc.want == "" {
			if err != nil {
				t.Errorf("%s: expected a key, found %v", name, err)
			}
			continue
		}
		if !errors.Is(err, ErrMnemonic) || !strings.Contains(err.Error(), tc.want) || secret != nil {
			t.Errorf("%s: expected %v with %q, found %v", name, ErrMnemonic, tc.want, err)
		}
		wantSilent(t, err, "abandon", "about", "ähnlich")
	}
}

func TestSpacesBetweenWordsDoNotMatterAndPassphrasesDo(t *testing.T) {
	derive := func(words, passphrase string) string {
		secret, _, err := Derive(words, passphrase, 7)
		if err != nil {
			t.Fatal(err)
		}
		return hexOf(secret)
	}
	plain := derive(abandon, "")
	if derive(strings.ReplaceAll(abandon, " ", "\n  "), "") != plain {
		t.Error("expected the same key for the same words")
	}
	if derive(abandon, "x") == plain {
		t.Error("expected another key with a passphrase")
	}
	if derive(abandon, "ü") != derive(abandon, "u\u0308") || derive(abandon, "ﬁ") != derive(abandon, "fi") {
		t.Error("expected the same key for passphrases with one NFKD, as BIP-39 has it")
	}
}

func TestNewMnemonicsAre24Words(t *testing.T) {
	first, err := NewMnemonic()
	if err != nil {
		t.Fatal(err)
	}
	second, err := NewMnemonic()
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := Derive(first, "", 0); err != nil || len(strings.Fields(first)) != 24 {
		t.Errorf("expected 24 words that give a key, found %d, %v", len(strings.Fields(first)), err)
	}
	if first == second {
		t.Error("expected other words each time")
	}
}
