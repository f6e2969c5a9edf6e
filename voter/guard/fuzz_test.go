package guard

import (
	"bytes"
	"reflect"
	"testing"
)

// Any file is refused, or holds a state that a guard can have and writes again in the same way.
func FuzzOpen(f *testing.F) {
	content, _ := lived(f)
	f.Add(content)
	f.Add(content[:headerSize])
	empty, _, _ := encode(0, nil, 1)
	f.Add(empty)
	f.Fuzz(func(t *testing.T, content []byte) {
		generation, s, err := decode(content)
		if err != nil {
			return
		}
		again, _, _ := encode(generation, s.entries(), 1)
		found, same, err := decode(again)
		if err != nil || found != generation || !reflect.DeepEqual(same, s) {
			t.Fatalf("expected generation %d of %v, found %d of %v, %v", generation, s, found, same, err)
		}
		if twice, _, _ := encode(generation, same.entries(), 1); !bytes.Equal(twice, again) {
			t.Error("expected the same file for the same state")
		}
	})
}

// The fuzzer doesn't know SHA-256: here it chooses the entries, and the checksums are right.
func FuzzEntries(f *testing.F) {
	f.Add([]byte("a\x01v\x01v\x02t\x01r\x01f\x01"))
	f.Fuzz(func(t *testing.T, seeds []byte) {
		var entries []entry
		for ; len(seeds) >= 2; seeds = seeds[2:] {
			e := entry{kind: kind(seeds[0]), key: alice, domain: chainA, record: Record{Source: uint64(seeds[1] >> 4), Target: uint64(seeds[1]&15) + 1}}
			e.record.Root[0] = seeds[1]
			entries = append(entries, e)
		}
		content, _, _ := encode(1, entries, 1)
		_, s, err := decode(content)
		if err != nil {
			return
		}
		for _, a := range s {
			for _, l := range a.ledgers {
				for i, r := range l.records {
					for _, other := range l.records[:i] {
						if clash(r, other) != 0 {
							t.Errorf("expected a ledger without conflicts, found %+v", l)
						}
					}
				}
			}
		}
		d := newFaulty()
		d.put(onDisk, content)
		if _, err := openOn(d); err != nil {
			t.Errorf("expected it to open as it was decoded, found %v", err)
		}
	})
}
