package certtest

import (
	"encoding/hex"
	"encoding/json"
	"errors"
	"strings"

	"github.com/dualchain/dualchain/core/cert"
	"github.com/dualchain/dualchain/core/ffg"
)

// Vector is one verification and its outcome, in a form that any implementation can run: protocol §13.11 describes it.
type Vector struct {
	Name   string `json:"name"`
	Op     string `json:"op"`
	Input  Input  `json:"input"`
	Expect Expect `json:"expect"`
}

// Input is what a vector verifies. Each op reads some of it.
type Input struct {
	ChainID       string          `json:"chain_id,omitempty"`
	Mode          string          `json:"mode,omitempty"`
	AllowDegraded bool            `json:"allow_degraded,omitempty"`
	Now           uint64          `json:"now_ms,string,omitempty"`
	Unbonding     uint64          `json:"unbonding_ms,string,omitempty"`
	ClockDrift    uint64          `json:"clock_drift_ms,string,omitempty"`
	Voters        ffg.VoterSet    `json:"voters,omitempty"`
	Next          ffg.Side        `json:"next,omitempty"`
	Certificate   *Document       `json:"certificate,omitempty"`
	Trust         *Document       `json:"trust,omitempty"`
	At            *ffg.Ref        `json:"trust_at,omitempty"`
	HandOvers     []Document      `json:"hand_overs,omitempty"`
	Others        []Document      `json:"other_hand_overs,omitempty"`
	Proof         *Document       `json:"proof,omitempty"`
	About         *About          `json:"about,omitempty"`
	Earlier       *ffg.Checkpoint `json:"earlier,omitempty"`
	Later         *ffg.Checkpoint `json:"later,omitempty"`
	Path          []ffg.Root      `json:"path,omitempty"`
	Decode        *Document       `json:"decode,omitempty"`
}

// About is a cert.Subject.
type About struct {
	Kind   cert.Kind  `json:"kind"`
	TxHash ffg.Root   `json:"tx_hash,omitzero"`
	Height uint64     `json:"height,string,omitempty"`
	Store  string     `json:"store,omitempty"`
	Key    cert.Bytes `json:"key,omitempty"`
}

// Subject returns what a proof has to be about: anything if a is nil.
func (a *About) Subject() cert.Subject {
	if a == nil {
		return cert.Subject{}
	}
	return cert.Subject{Kind: a.Kind, TxHash: a.TxHash, Height: a.Height, Store: a.Store, Key: a.Key}
}

// NewAbout returns a subject in the form of vectors.
func NewAbout(s cert.Subject) *About {
	return &About{Kind: s.Kind, TxHash: s.TxHash, Height: s.Height, Store: s.Store, Key: s.Key}
}

// Expect is the outcome of a vector: OK, or the step that fails.
type Expect struct {
	Error cert.Step `json:"error,omitempty"`
	// Verified counts the hand-overs before the failure, or all of them.
	Verified int `json:"verified,omitempty"`
	// Final is where certificates and chains lead.
	Final    *ffg.Ref        `json:"final,omitempty"`
	Height   uint64          `json:"height,string,omitempty"`
	Code     *uint32         `json:"code,omitempty"`
	Value    cert.Bytes      `json:"value,omitempty"`
	Absent   bool            `json:"absent,omitempty"`
	Epoch    uint64          `json:"conflict_epoch,string,omitempty"`
	Guilty   []ffg.PublicKey `json:"guilty,omitempty"`
	Offences []string        `json:"offences,omitempty"`
	OK       bool            `json:"ok"`
}

// Document is a value of one of the types with an encoding, in its binary form, in JSON, or in both. Text may be invalid JSON. PadTo
// is the length that spaces after it make up. Each * in Binary or Text stands for as many bytes 00 as Zeros says, in hexadecimal.
type Document struct {
	Type   string          `json:"type"`
	Binary string          `json:"binary,omitempty"`
	JSON   json.RawMessage `json:"json,omitempty"`
	Text   string          `json:"text,omitempty"`
	PadTo  int             `json:"pad_to,omitempty"`
	Zeros  int             `json:"zeros,omitempty"`
}

// Expand returns the document with its zeros written out.
func (d Document) Expand() Document {
	zeros := strings.Repeat("00", d.Zeros)
	d.Binary, d.Text, d.Zeros = strings.ReplaceAll(d.Binary, "*", zeros), strings.ReplaceAll(d.Text, "*", zeros), 0
	return d
}

// Both returns a document in both of its forms.
func Both[T cert.Document](v T) *Document {
	d := InJSON(v)
	d.Binary = InBinary(v).Binary
	return d
}

// InJSON returns a document in the form that can express more mistakes.
func InJSON[T cert.Document](v T) *Document {
	return &Document{Type: typeOf(v), JSON: must(cert.EncodeJSON(v))}
}

// InBinary returns a document in its short form.
func InBinary[T cert.Document](v T) *Document {
	return &Document{Type: typeOf(v), Binary: hex.EncodeToString(must(EncodeBinary(v)))}
}

// EncodeBinary returns the binary form of a document, or an error if its type has none.
func EncodeBinary[T cert.Document](v T) ([]byte, error) {
	if v, ok := any(v).(interface{ Encode() ([]byte, error) }); ok {
		return v.Encode()
	}
	return nil, errors.New("no binary form")
}

func typeOf(v any) string {
	switch v.(type) {
	case cert.Certificate:
		return "certificate"
	case cert.HandOver:
		return "hand_over"
	case cert.Trust:
		return "trust"
	default:
		return "proof"
	}
}

// Format returns vectors as they stand in testdata.
func Format(vectors []Vector) []byte { return append(must(json.MarshalIndent(vectors, "", " ")), '\n') }

// Seeds returns every document of a type that vectors hold, in all its forms: of all vectors, or of those that verify. Voters have
// signed some of the forged ones, so that no oracle could tell that they are forged.
func Seeds(vectors []Vector, kind string, all bool) (seeds [][]byte) {
	for _, v := range vectors {
		if !all && !v.Expect.OK {
			continue
		}
		docs := append([]Document{}, v.Input.HandOvers...)
		for _, d := range []*Document{v.Input.Certificate, v.Input.Trust, v.Input.Proof, v.Input.Decode} {
			if d != nil {
				docs = append(docs, *d)
			}
		}
		for _, d := range docs {
			if d.Type != kind {
				continue
			}
			if binary, err := hex.DecodeString(d.Binary); err == nil && len(binary) > 0 {
				seeds = append(seeds, binary)
			}
			if len(d.JSON) > 0 {
				seeds = append(seeds, []byte(d.JSON))
			}
			seeds = append(seeds, []byte(d.Text))
		}
	}
	return seeds
}
