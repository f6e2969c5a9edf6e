package keys

import (
	"bytes"
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"regexp"
	"runtime/debug"
	"strings"
	"sync"

	"github.com/dualchain/dualchain/core/bls"
	"github.com/dualchain/dualchain/internal/abort"
	"github.com/dualchain/dualchain/internal/textfile"
)

// The only values that EIP-2335 defines.
const (
	version          = 4
	checksumFunction = "sha256"
	cipherFunction   = "aes-128-ctr"
)

var validUUID = regexp.MustCompile(`^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$`)

// SaveOptions are the options of a new keystore. The zero value is scrypt at Standard cost.
type SaveOptions struct {
	KDF         KDF
	Cost        Cost
	Path        string // derivation path, for EIP-2335's field of that name; "" if unknown
	Description string // free text for people, readable without the password
}

// keystore is the file, as in EIP-2335's JSON schema. Bytes are hexadecimal digits.
type keystore struct {
	Crypto struct {
		KDF      module `json:"kdf"`
		Checksum module `json:"checksum"`
		Cipher   module `json:"cipher"`
	} `json:"crypto"`
	Description string `json:"description"`
	PubKey      string `json:"pubkey"`
	Path        string `json:"path"`
	UUID        string `json:"uuid"`
	Version     int    `json:"version"`
}

type module struct {
	Function string          `json:"function"`
	Params   json.RawMessage `json:"params"`
	Message  string          `json:"message"`
}

type cipherParams struct {
	IV string `json:"iv"`
}

// sealed is a keystore whose fields all have the right form.
type sealed struct {
	kdf      kdf
	checksum [sha256.Size]byte
	iv       [aes.BlockSize]byte
	message  [bls.SecretKeySize]byte
	public   *bls.PublicKey // nil if the file doesn't name it
	info     Info
}

// Encode encrypts a key under a password into an EIP-2335 keystore with a new salt, IV and UUID. Errors: ErrFormat for a
// key that is nil or was zeroed and for an unknown KDF or cost, ErrNoPassword for a password of less than 8 characters.
func Encode(ctx context.Context, secret *bls.SecretKey, password []byte, options SaveOptions) ([]byte, error) {
	kdf, err := newKDF(options.KDF, options.Cost)
	if err != nil {
		return nil, err
	}
	if err := CheckNew(password); err != nil {
		return nil, err
	}
	return seal(ctx, secret, password, kdf, options)
}

func seal(ctx context.Context, secret *bls.SecretKey, password []byte, kdf kdf, options SaveOptions) ([]byte, error) {
	public := secret.PublicKey()
	if public == nil {
		return nil, fmt.Errorf("%w: expected a secret key, found none", ErrFormat)
	}
	derived, err := derive(ctx, kdf, password)
	if err != nil {
		return nil, err
	}
	defer clear(derived)
	raw := secret.Bytes()
	defer clear(raw[:])
	var iv [aes.BlockSize]byte
	_, _ = rand.Read(iv[:]) // never fails
	message := crypt(derived, iv, raw)
	checksum := checksumOf(derived, message)

	file := keystore{Description: options.Description, PubKey: public.String(), Path: options.Path, UUID: newUUID(), Version: version}
	if file.Crypto.KDF, err = newModule(string(kdf.name()), kdf, nil); err != nil {
		return nil, err
	}
	if file.Crypto.Checksum, err = newModule(checksumFunction, struct{}{}, checksum[:]); err != nil {
		return nil, err
	}
	if file.Crypto.Cipher, err = newModule(cipherFunction, cipherParams{hex.EncodeToString(iv[:])}, message[:]); err != nil {
		return nil, err
	}
	content, err := json.MarshalIndent(file, "", "  ")
	if err != nil {
		return nil, fmt.Errorf("encode keystore: %w", err)
	}
	return append(content, '\n'), nil
}

// Decode opens an EIP-2335 keystore of this or another tool. The caller zeroes the key after use. A file may use at most
// a gigabyte of memory. Errors: ErrFormat, ErrPassword.
func Decode(ctx context.Context, keystoreJSON, password []byte) (*bls.SecretKey, error) {
	s, err := parse(keystoreJSON)
	if err != nil {
		return nil, err
	}
	return s.open(ctx, password)
}

// Inspect returns the Info of a keystore without its password. The name is empty, and so is the public key if the keystore does not
// name it, since EIP-2335 lets it be left out. Errors: ErrFormat.
func Inspect(keystoreJSON []byte) (Info, error) {
	s, err := parse(keystoreJSON)
	return s.info, err
}

// inspectNamed is Inspect for a keystore in a home, which must name its public key: without it, nobody could tell which key it holds.
func inspectNamed(keystoreJSON []byte) (Info, error) {
	info, err := Inspect(keystoreJSON)
	if err == nil && info.PubKey == "" {
		err = fmt.Errorf("%w: pubkey: expected the public key, found none: take the file in with 'voter keys import', which adds it", ErrFormat)
	}
	return info, err
}

// parse makes every check of a keystore that needs no password. It ignores fields that EIP-2335 doesn't define, since other
// tools add their own.
func parse(content []byte) (sealed, error) {
	refuse := func(err error) (sealed, error) { return sealed{}, fmt.Errorf("%w: %w", ErrFormat, err) }
	if len(content) > maxKeystore {
		return refuse(fmt.Errorf("expected at most %d bytes, found %d", maxKeystore, len(content)))
	}
	content, err := textfile.Text(content)
	if err != nil {
		return refuse(err)
	}
	var file keystore
	if err := json.Unmarshal(content, &file); err != nil {
		return refuse(err)
	}
	if file.Version != version {
		return refuse(fmt.Errorf("version: expected %d, found %d", version, file.Version))
	}
	if !validUUID.MatchString(file.UUID) {
		return refuse(fmt.Errorf("uuid: expected a UUID, found %.64q", file.UUID))
	}
	s := sealed{info: Info{Path: file.Path, Description: file.Description}}
	if file.PubKey != "" {
		if s.public, err = parsePublicKey(file.PubKey); err != nil {
			return refuse(fmt.Errorf("pubkey: %w", err))
		}
		s.info.PubKey = s.public.String()
	}
	if s.kdf, err = parseKDF(file.Crypto.KDF); err != nil {
		return refuse(fmt.Errorf("crypto.kdf: %w", err))
	}
	if err := parseModule(file.Crypto.Checksum, checksumFunction, &struct{}{}, s.checksum[:]); err != nil {
		return refuse(fmt.Errorf("crypto.checksum: %w", err))
	}
	var params cipherParams
	if err := parseModule(file.Crypto.Cipher, cipherFunction, &params, s.message[:]); err != nil {
		return refuse(fmt.Errorf("crypto.cipher: %w", err))
	}
	if err := unhex(s.iv[:], params.IV); err != nil {
		return refuse(fmt.Errorf("crypto.cipher: params.iv: %w", err))
	}
	return s, nil
}

// open does EIP-2335's password verification and secret decryption. Then it checks that the key has the public key.
func (s sealed) open(ctx context.Context, password []byte) (*bls.SecretKey, error) {
	derived, err := derive(ctx, s.kdf, password)
	if err != nil {
		return nil, err
	}
	defer clear(derived)
	if found := checksumOf(derived, s.message); subtle.ConstantTimeCompare(found[:], s.checksum[:]) == 0 {
		return nil, fmt.Errorf("%w for %s, or a damaged keystore", ErrPassword, s.name())
	}
	raw := crypt(derived, s.iv, s.message)
	defer clear(raw[:])
	secret, err := bls.ParseSecretKey(raw[:])
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrFormat, err)
	}
	if public := secret.PublicKey(); s.public != nil && public.Bytes() != s.public.Bytes() {
		secret.Zero()
		return nil, fmt.Errorf("%w: pubkey: expected the public key %s of the secret key, found %s", ErrFormat, public, s.public)
	}
	return secret, nil
}

// name is what errors call the key.
func (s sealed) name() string {
	if s.public == nil {
		return "a key without a public key"
	}
	return "key " + s.public.String()
}

// deriving is held while a key is derived: the functions take much memory, so the process has only one at work.
var deriving sync.Mutex

// much is the memory in bytes above which a derivation gives it back to the system afterwards. It would stay with the process
// for minutes otherwise, and the next derivation would take as much again.
const much = 32 << 20

// derive derives the key of a keystore from its password. As soon as ctx is done, the error wraps ctx's.
func derive(ctx context.Context, kdf kdf, password []byte) ([]byte, error) {
	processed := process(password)
	return abort.Do(ctx, func() ([]byte, error) {
		defer clear(processed)
		deriving.Lock()
		defer deriving.Unlock()
		derived, err := kdf.derive(processed)
		if kdf.memory() > much {
			debug.FreeOSMemory()
		}
		return derived, err
	})
}

// crypt encrypts and decrypts: AES-128 in counter mode with the first half of the derived key.
func crypt(derived []byte, iv [aes.BlockSize]byte, message [bls.SecretKeySize]byte) [bls.SecretKeySize]byte {
	block, err := aes.NewCipher(derived[:16])
	if err != nil {
		panic(err) // impossible: 16 bytes are an AES key
	}
	cipher.NewCTR(block, iv[:]).XORKeyStream(message[:], message[:])
	return message
}

// checksumOf returns the checksum over the second half of the derived key, which only the right password gives.
func checksumOf(derived []byte, message [bls.SecretKeySize]byte) [sha256.Size]byte {
	image := append(bytes.Clone(derived[16:32]), message[:]...)
	defer clear(image)
	return sha256.Sum256(image)
}

func newModule(function string, params any, message []byte) (module, error) {
	raw, err := json.Marshal(params)
	if err != nil {
		return module{}, fmt.Errorf("encode keystore: %s: %w", function, err)
	}
	return module{Function: function, Params: raw, Message: hex.EncodeToString(message)}, nil
}

// parseModule reads a module, which must name the one function that is defined for it.
func parseModule(m module, function string, params any, message []byte) error {
	if m.Function != function {
		return fmt.Errorf("function: expected %q, found %.64q", function, m.Function)
	}
	if err := parseParams(m.Params, params); err != nil {
		return err
	}
	if err := unhex(message, m.Message); err != nil {
		return fmt.Errorf("message: %w", err)
	}
	return nil
}

func parseParams(raw json.RawMessage, into any) error {
	if !bytes.HasPrefix(raw, []byte("{")) {
		return fmt.Errorf("params: expected an object, found %.64q", raw)
	}
	if err := json.Unmarshal(raw, into); err != nil {
		return fmt.Errorf("params: %w", err)
	}
	return nil
}

// parsePublicKey also accepts the prefix 0x, which some tools write.
func parsePublicKey(digits string) (*bls.PublicKey, error) {
	var raw [bls.PublicKeySize]byte
	if err := unhex(raw[:], strings.TrimPrefix(digits, "0x")); err != nil {
		return nil, err
	}
	return bls.ParsePublicKey(raw[:])
}

// unhex decodes digits, which must fill to exactly.
func unhex(to []byte, digits string) error {
	if len(digits) != hex.EncodedLen(len(to)) {
		return fmt.Errorf("expected %d hexadecimal digits, found %d characters", hex.EncodedLen(len(to)), len(digits))
	}
	if _, err := hex.Decode(to, []byte(digits)); err != nil {
		return fmt.Errorf("expected hexadecimal digits: %w", err)
	}
	return nil
}

// newUUID returns a random UUID: version 4 of RFC 9562.
func newUUID() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails
	b[6] = b[6]&0x0f | 0x40
	b[8] = b[8]&0x3f | 0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}
