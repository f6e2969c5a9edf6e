package keys

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"unicode/utf8"

	"golang.org/x/term"
	"golang.org/x/text/unicode/norm"

	"github.com/dualchain/dualchain/internal/abort"
	"github.com/dualchain/dualchain/internal/textfile"
)

// PasswordEnv is the environment variable that may hold the password of a voter's keys.
const PasswordEnv = "DUALCHAIND_VOTER_PASSWORD"

// minPassword is the least number of characters of a new keystore's password.
const minPassword = 8

// maxPasswordFile bounds the size of a password file in bytes.
const maxPasswordFile = 4 << 10

// Password returns the password of a keystore. The bytes belong to the caller, who clears them after use.
type Password func() ([]byte, error)

// Ask asks a person a question and returns the answer without showing it.
type Ask func(question string) ([]byte, error)

// FindPassword returns the password of a voter's keys: from the file if its name isn't empty, else from the environment
// (PasswordEnv), else by asking. It is never a command's argument, which everybody on the machine could read. It wraps
// ErrNoPassword, and for the file ErrMode if others may read it and ErrSize above 4 KiB.
func FindPassword(file string, ask Ask) Password {
	if value := os.Getenv(PasswordEnv); file == "" && value != "" {
		return func() ([]byte, error) {
			password, err := textfile.Line([]byte(value)) // often the content of a file
			if err != nil {
				return nil, fmt.Errorf("%w: %s: %w", ErrNoPassword, PasswordEnv, err)
			}
			return password, nil
		}
	}
	return FilePassword(file, "Password of the voter's keys: ", ask)
}

// FilePassword returns the password in the file, or the answer to a question if its name is empty. Errors: see FindPassword.
func FilePassword(file, question string, ask Ask) Password {
	return func() ([]byte, error) {
		if file == "" {
			return ask(question)
		}
		return readPassword(file)
	}
}

// readPassword reads a password without the newlines that end the file, and without a byte order mark.
func readPassword(path string) ([]byte, error) {
	content, err := ReadPrivate(path, maxPasswordFile)
	if err != nil {
		return nil, fmt.Errorf("read password: %w", err)
	}
	password, err := textfile.Line(content)
	if err != nil {
		clear(content)
		return nil, fmt.Errorf("%w: %s: %w", ErrNoPassword, path, err)
	}
	if len(password) == 0 {
		return nil, fmt.Errorf("%w: expected one in %s, found an empty file", ErrNoPassword, path)
	}
	return password, nil
}

// Terminal asks on the terminal without echo. It wraps ErrNoPassword if there is no terminal or no answer, and ctx's error as
// soon as ctx is done; the terminal then shows again what is typed.
func Terminal(ctx context.Context) Ask {
	return func(question string) ([]byte, error) { return askTerminal(ctx, question) }
}

func askTerminal(ctx context.Context, question string) ([]byte, error) {
	in := int(os.Stdin.Fd()) //nolint:gosec // a file descriptor is small
	before, err := term.GetState(in)
	if err != nil {
		return nil, fmt.Errorf("%w: there is no terminal to ask on: pass a file or set %s", ErrNoPassword, PasswordEnv)
	}
	fmt.Fprint(os.Stderr, question)
	answer, err := abort.Do(ctx, func() ([]byte, error) { return term.ReadPassword(in) })
	fmt.Fprintln(os.Stderr)
	if err != nil {
		err = errors.Join(err, term.Restore(in, before))
		return nil, fmt.Errorf("read from the terminal: %w", err)
	}
	if len(answer) == 0 {
		return nil, fmt.Errorf("%w: expected an answer, found none", ErrNoPassword)
	}
	return answer, nil
}

// Twice asks each question again, to refuse a mistyped answer.
func Twice(ask Ask) Ask {
	return func(question string) ([]byte, error) {
		first, err := ask(question)
		if err != nil {
			return nil, err
		}
		second, err := ask("Repeat the password: ")
		defer clear(second)
		if err == nil && !bytes.Equal(first, second) {
			err = fmt.Errorf("%w: passwords do not match", ErrNoPassword)
		}
		if err != nil {
			clear(first)
			return nil, err
		}
		return first, nil
	}
}

// process applies EIP-2335's processing: NFKD without the control codes C0, C1 and Delete, in UTF-8. Invalid UTF-8 stays.
// The caller clears the result.
func process(password []byte) []byte {
	normal := norm.NFKD.Append(nil, password...) // a copy: Bytes may return the caller's slice, which must not be cleared
	defer clear(normal)
	kept := make([]byte, 0, len(normal))
	for rest := normal; len(rest) > 0; {
		r, size := utf8.DecodeRune(rest)
		if !isControl(r) {
			kept = append(kept, rest[:size]...)
		}
		rest = rest[size:]
	}
	return kept
}

func isControl(r rune) bool { return r <= 0x1f || r >= 0x7f && r <= 0x9f }

// CheckNew checks that a password may protect a new keystore. It wraps ErrNoPassword unless the password has 8 characters,
// not counting control codes.
func CheckNew(password []byte) error {
	processed := process(password)
	defer clear(processed)
	if utf8.RuneCount(processed) < minPassword {
		return fmt.Errorf("%w: expected at least %d characters, found fewer", ErrNoPassword, minPassword)
	}
	return nil
}
