package guard

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"fmt"

	"github.com/dualchain/dualchain/core/ffg"
)

// decode reads a journal. It leaves out an entry that a crash interrupted. It returns an error for anything else that encode and
// journal.append don't write.
func decode(content []byte) (generation uint64, s state, err error) {
	if len(content) < headerSize || string(content[:len(magic)]) != magic {
		return 0, nil, fmt.Errorf("expected a journal that begins with %q and %d bytes of header, found %d bytes that begin with %q",
			magic, headerSize, len(content), content[:min(len(content), len(magic))])
	}
	header, slots := content[:headerSize], content[headerSize:]
	last := sha256.Sum256(header[:headerSize-sha256.Size])
	if !bytes.Equal(last[:], header[headerSize-sha256.Size:]) {
		return 0, nil, fmt.Errorf("header: expected checksum %x, found %x", last, header[headerSize-sha256.Size:])
	}
	generation = binary.BigEndian.Uint64(header[8:])
	base, expected := binary.BigEndian.Uint64(header[16:]), binary.BigEndian.Uint64(header[24:])
	if len(slots)%slotSize != 0 || uint64(len(slots)/slotSize) != expected || base > expected {
		return 0, nil, fmt.Errorf("expected %d slots of %d bytes, %d of them written at first, found %d bytes", expected, slotSize, base, len(slots))
	}
	s = make(state)
	for at := uint64(0); len(slots) > 0; at, slots = at+1, slots[slotSize:] {
		slot := slots[:slotSize]
		sum := chain(last, slot[:bodySize])
		if at >= base && free(slots) {
			break
		}
		if !bytes.Equal(sum[:], slot[bodySize:slotSize-1]) || slot[slotSize-1] != slot[0] {
			return 0, nil, fmt.Errorf("entry %d of at least %d: expected checksum %x and kind %q, found %x and %q",
				at+1, base, sum, slot[0], slot[bodySize:slotSize-1], slot[slotSize-1])
		}
		if err := s.apply(decodeBody(slot)); err != nil {
			return 0, nil, fmt.Errorf("entry %d: %w", at+1, err)
		}
		last = sum
	}
	if err := s.complete(); err != nil {
		return 0, nil, err
	}
	return generation, s, nil
}

// free reports whether these slots have no complete entry, as after a crash: the first slot begins or ends with zero, and all
// others are zero.
func free(slots []byte) bool {
	whole := slots[0] != 0 && slots[slotSize-1] != 0
	return !whole && len(bytes.Trim(slots[slotSize:], "\x00")) == 0
}

func decodeBody(b []byte) entry {
	return entry{
		kind:   kind(b[0]),
		key:    ffg.PublicKey(b[1:49]),
		domain: ffg.Root(b[49:81]),
		record: Record{
			Source: binary.BigEndian.Uint64(b[81:]),
			Target: binary.BigEndian.Uint64(b[89:]),
			Root:   ffg.Root(b[97:129]),
		},
	}
}
