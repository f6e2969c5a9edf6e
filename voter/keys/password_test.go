package keys

import (
	"context"
	"encoding/hex"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestPasswordsAreProcessedAsTheStandardSays(t *testing.T) {
	for text, want := range map[string]string{
		eipPassword:                       "7465737470617373776f7264f09f9491", // as EIP-2335 publishes it
		"plain":                           hex.EncodeToString([]byte("plain")),
		"a b":                             "612062", // a space is a character
		"ü":                               "75cc88", // u and a combining diaeresis
		"u\u0308":                         "75cc88",
		"ﬁ":                               hex.EncodeToString([]byte("fi")), // a compatibility character
		"a\x00\x1f\x7fb":                  "6162",                           // C0 and Delete
		"a\u0080\u0085\u009fb":            "6162",                           // C1, of two bytes each in UTF-8
		"\u00a0~":                         "207e",                           // NFKD of a no-break space, beside the bounds
		"\xff\x80":                        "ff80",                           // invalid UTF-8 stays
		"":                                "",
		"\r\n":                            "",
		strings.Repeat("ǆ", 2) + "\u200b": hex.EncodeToString([]byte("dz\u030cdz\u030c\u200b")),
	} {
		if found := hex.EncodeToString(process([]byte(text))); found != want {
			t.Errorf("%q: expected %s, found %s", text, want, found)
		}
	}
}

// A voter opens many keys with one password.
func TestAPasswordIsGoodAfterUse(t *testing.T) {
	given := []byte(password)
	if err := CheckNew(given); err != nil {
		t.Fatal(err)
	}
	content, err := Encode(context.Background(), key(t, 1), given, light)
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if _, err := Decode(context.Background(), content, given); err != nil {
			t.Fatal(err)
		}
	}
	if string(given) != password {
		t.Errorf("expected %q to be left, found %q", password, given)
	}
}

func write(t *testing.T, content string, mode fs.FileMode) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "password")
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(path, mode); err != nil {
		t.Fatal(err)
	}
	return path
}

// answers returns one answer after the other, then fails.
func answers(texts ...string) Ask {
	return func(string) ([]byte, error) {
		if len(texts) == 0 {
			return nil, ErrNoPassword
		}
		text := texts[0]
		texts = texts[1:]
		return []byte(text), nil
	}
}

func TestAPasswordFile(t *testing.T) {
	for name, tc := range map[string]struct {
		content string
		mode    fs.FileMode
		found   string
		want    error
	}{
		"a line":             {"secret\n", 0o600, "secret", nil},
		"of another system":  {"secret\r\n", 0o600, "secret", nil},
		"without its end":    {"secret", 0o400, "secret", nil},
		"spaces stay":        {" secret \n", 0o600, " secret ", nil},
		"all ends of lines":  {"secret\n\n", 0o600, "secret", nil},
		"a byte order mark":  {"\ufeffsecret\r\n\r\n", 0o600, "secret", nil},
		"UTF-16":             {"\xff\xfes\x00", 0o600, "", ErrNoPassword},
		"two lines":          {"secret\nmore\n", 0o600, "", ErrNoPassword},
		"longest":            {strings.Repeat("x", 4096), 0o600, strings.Repeat("x", 4096), nil},
		"too long":           {strings.Repeat("x", 4097), 0o600, "", ErrSize},
		"empty":              {"", 0o600, "", ErrNoPassword},
		"an empty line":      {"\n", 0o600, "", ErrNoPassword},
		"a group may read":   {"secret\n", 0o640, "", ErrMode},
		"everybody may read": {"secret\n", 0o604, "", ErrMode},
	} {
		found, err := FindPassword(write(t, tc.content, tc.mode), answers("from the terminal"))()
		if !errors.Is(err, tc.want) || string(found) != tc.found {
			t.Errorf("%s: expected %q and %v, found %q and %v", name, tc.found, tc.want, found, err)
		}
		wantSilent(t, err, "secret", "xxxx")
	}
	if _, err := FindPassword(filepath.Join(t.TempDir(), "none"), answers("x"))(); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("no file: expected %v, found %v", fs.ErrNotExist, err)
	}
}

func TestAFileIsWrittenOnceForItsOwner(t *testing.T) {
	path := filepath.Join(t.TempDir(), "new", "password")
	if err := WriteFile(path, []byte(password)); err != nil {
		t.Fatal(err)
	}
	if err := WriteFile(path, []byte("another")); !errors.Is(err, fs.ErrExist) {
		t.Errorf("expected %v, found %v", fs.ErrExist, err)
	}
	if found, err := FindPassword(path, nil)(); err != nil || string(found) != password {
		t.Errorf("expected %q, found %q, %v", password, found, err)
	}
}

func TestAFileComesBeforeTheEnvironmentAndThatBeforeTheTerminal(t *testing.T) {
	file := write(t, "from a file", 0o600)
	t.Setenv(PasswordEnv, "from the environment")
	for name, tc := range map[string]struct {
		find Password
		want string
	}{
		"all":              {FindPassword(file, answers("from the terminal")), "from a file"},
		"no file":          {FindPassword("", answers("from the terminal")), "from the environment"},
		"of another thing": {FilePassword("", "?", answers("from the terminal")), "from the terminal"},
	} {
		if found, err := tc.find(); err != nil || string(found) != tc.want {
			t.Errorf("%s: expected %q, found %q, %v", name, tc.want, found, err)
		}
	}
	t.Setenv(PasswordEnv, "")
	if found, err := FindPassword("", answers("from the terminal"))(); err != nil || string(found) != "from the terminal" {
		t.Errorf("expected the terminal's, found %q, %v", found, err)
	}
}

func TestEachPasswordIsTheCallersOwn(t *testing.T) {
	t.Setenv(PasswordEnv, "from the environment")
	for name, find := range map[string]Password{"environment": FindPassword("", nil), "file": FindPassword(write(t, "from a file", 0o600), nil)} {
		first, err := find()
		if err != nil {
			t.Fatal(err)
		}
		clear(first)
		if second, err := find(); err != nil || second[0] != 'f' {
			t.Errorf("%s: expected the password again, found %q, %v", name, second, err)
		}
	}
}

func TestANewPasswordIsAskedForTwice(t *testing.T) {
	for name, tc := range map[string]struct {
		ask   Ask
		found string
		want  error
	}{
		"the same":  {answers("secret", "secret"), "secret", nil},
		"mistyped":  {answers("secret", "secreT"), "", ErrNoPassword},
		"no second": {answers("secret"), "", ErrNoPassword},
		"no answer": {answers(), "", ErrNoPassword},
	} {
		found, err := Twice(tc.ask)("?")
		if !errors.Is(err, tc.want) || string(found) != tc.found {
			t.Errorf("%s: expected %q and %v, found %q and %v", name, tc.found, tc.want, found, err)
		}
		wantSilent(t, err, "secre")
	}
}

func TestNobodyIsAskedWithoutATerminal(t *testing.T) {
	in, err := os.Open(os.DevNull)
	if err != nil {
		t.Fatal(err)
	}
	stdin := os.Stdin
	os.Stdin = in
	defer func() { os.Stdin = stdin }()
	if _, err := Terminal(context.Background())("Password: "); !errors.Is(err, ErrNoPassword) {
		t.Errorf("expected %v, found %v", ErrNoPassword, err)
	}
}
