package types

import (
	"encoding/binary"
	"encoding/json"
	"fmt"

	"cosmossdk.io/collections"
	collcodec "cosmossdk.io/collections/codec"

	"github.com/dualchain/dualchain/core/ffg"
	"github.com/dualchain/dualchain/core/history"
)

// Record is a stored checkpoint with its place in the finality rules.
type Record struct {
	ffg.Checkpoint
	// Source is the epoch that honest votes for this checkpoint start from; 0 for the anchor.
	Source uint64
	// Justified says whether a supermajority link into it is known.
	Justified bool
}

// RecordValue stores records in the checkpoint's canonical encoding, then source u64 and justified u8.
var RecordValue collcodec.ValueCodec[Record] = value[Record]{
	name: "checkpoint/record",
	encode: func(r Record) []byte {
		b := binary.BigEndian.AppendUint64(r.Checkpoint.Encode(), r.Source)
		if r.Justified {
			return append(b, 1)
		}
		return append(b, 0)
	},
	decode: func(b []byte) (Record, error) {
		if len(b) != ffg.CheckpointSize+9 {
			return Record{}, fmt.Errorf("%w: expected %d bytes, found %d", collections.ErrEncoding, ffg.CheckpointSize+9, len(b))
		}
		justified := b[len(b)-1]
		if justified > 1 {
			return Record{}, fmt.Errorf("%w: expected justified 0 or 1, found %d", collections.ErrEncoding, justified)
		}
		checkpoint, err := ffg.DecodeCheckpoint(b[:ffg.CheckpointSize])
		return Record{
			Checkpoint: checkpoint,
			Source:     binary.BigEndian.Uint64(b[ffg.CheckpointSize:]),
			Justified:  justified == 1,
		}, err
	},
}

// HistoryValue stores the compact range: size u64, then its hashes.
var HistoryValue collcodec.ValueCodec[history.History] = value[history.History]{
	name: "checkpoint/history",
	encode: func(h history.History) []byte {
		b := binary.BigEndian.AppendUint64(nil, h.Size)
		for _, hash := range h.Hashes {
			b = append(b, hash[:]...)
		}
		return b
	},
	decode: func(b []byte) (history.History, error) {
		if len(b) < 8 || len(b)%32 != 8 {
			return history.History{}, fmt.Errorf("%w: expected 8 bytes and hashes of 32, found %d bytes", collections.ErrEncoding, len(b))
		}
		h := history.History{Size: binary.BigEndian.Uint64(b)}
		for b = b[8:]; len(b) > 0; b = b[32:] {
			h.Hashes = append(h.Hashes, [32]byte(b))
		}
		return h, h.Validate()
	},
}

// value is a collections codec made of two functions.
type value[T any] struct {
	name   string
	encode func(T) []byte
	decode func([]byte) (T, error)
}

func (v value[T]) Encode(t T) ([]byte, error)     { return v.encode(t), nil }
func (v value[T]) Decode(b []byte) (T, error)     { return v.decode(b) }
func (v value[T]) EncodeJSON(t T) ([]byte, error) { return json.Marshal(v.encode(t)) }
func (v value[T]) Stringify(t T) string           { return fmt.Sprintf("%v", t) }
func (v value[T]) ValueType() string              { return v.name }
func (v value[T]) DecodeJSON(b []byte) (t T, _ error) {
	var raw []byte
	if err := json.Unmarshal(b, &raw); err != nil {
		return t, err
	}
	return v.decode(raw)
}
