package guard

import (
	"crypto/sha256"
	"encoding/binary"
	"errors"
)

// A journal is a file of fixed size: a header, slots with one entry each, and free slots, which are zero. An entry goes
// to the first free slot and is synced before anything is released for it. When no slot is free, a new file replaces the
// journal. All integers are big-endian.
//
//	header = "DUALGRD1" | generation u64 | base u64 | slots u64 | checksum 32
//	slot   = kind u8 | key 48 | domain 32 | source u64 | target u64 | root 32 | checksum 32 | kind u8
//
// generation counts the files that replaced one another, base is the number of entries that a file had when it replaced
// the one before, and slots is how many there are. A checksum is the SHA-256 of the one before it and what stands before
// it in its slot; that of the header has none before it. So damage is found wherever it is, also when entries are cut
// out, change places or come from another generation.
//
// What a crash can leave. A new file is synced before it gets the journal's name, so a file under that name is whole,
// but for the one entry that was being written into a zeroed slot: everything before it was synced, and nothing is written
// after it until it is. Of such a slot any part may be on disk, and the rest is zero, from either end: disks write
// sectors of 512 bytes or more, in any order. Nothing was released for it. It is recognised by its first or last byte being
// zero, which in a whole slot are its kind, and by nothing standing after it; it counts as free. Anything else that doesn't
// check can't come from a crash and is damage: also a last entry that is written to its ends but doesn't check, for a vote
// may have been released for it. What can't be told from a crash is that the disk lost, as zeros, the sector with the end of
// the last entry after it had acknowledged it.
const (
	magic      = "DUALGRD1"
	headerSize = len(magic) + 3*8 + sha256.Size
	bodySize   = 1 + 48 + 32 + 8 + 8 + 32
	slotSize   = bodySize + sha256.Size + 1

	// spareSlots is the least number of free slots in a new file. There are at least as many as entries, so that the work of
	// replacing files stays in proportion to that of writing entries.
	spareSlots = 1024
)

type checksum = [sha256.Size]byte

// journal writes entries. Until it has written a file itself, and after any failure, it doesn't rely on the file that is
// there: the operating system may show what never reached the disk. It then writes a new file first.
//
// Nothing is released unless the journal's name still stands for the file that was written, and the lock's name for our lock:
// a file without a name is one that the next process doesn't read.
type journal struct {
	disk  disk
	name  string
	spare int // spareSlots

	generation uint64
	file       file     // what name stands for; nil when closed
	sound      bool     // file is ours, and everything written so far is known to be on disk
	lost       error    // ErrLost, once it was found
	last       checksum // of the slot before the first free one
	next       int64    // offset of the first free slot
	size       int64    // of the file
}

// full reports whether a new file has to be written before the next entry.
func (j *journal) full() bool { return !j.sound || j.next == j.size }

// append makes an entry durable. It needs a journal that isn't full. After an error the entry may be there or not.
func (j *journal) append(e entry) error {
	slot, last := appendSlot(nil, e, j.last)
	err := j.file.writeAt(slot, j.next)
	if err == nil {
		err = j.file.sync()
	}
	if err == nil {
		err = j.check()
	}
	if err != nil {
		j.sound = false
		return err
	}
	j.last = last
	j.next += int64(len(slot))
	return nil
}

// check returns an error unless the journal is still ours. If it isn't, it never will be again.
func (j *journal) check() error {
	if j.lost != nil {
		return j.lost
	}
	err := j.disk.holds(j.name, j.file)
	if errors.Is(err, ErrLost) {
		j.lost, j.sound = err, false
	}
	return err
}

// replace puts a new file with these entries in the place of the journal. After an error the old or the new one is there.
func (j *journal) replace(entries []entry) error {
	j.sound = false
	if err := j.check(); err != nil {
		return err
	}
	j.generation++
	content, last, used := encode(j.generation, entries, j.spare)
	temporary := j.name + ".new"
	f, err := j.disk.create(temporary)
	if err != nil {
		return err
	}
	err = f.writeAt(content, 0)
	if err == nil {
		err = f.sync()
	}
	if err != nil {
		return errors.Join(err, f.close())
	}
	err = j.disk.rename(temporary, j.name)
	if err != nil && j.disk.holds(j.name, f) != nil { // a rename that failed may be done
		return errors.Join(err, f.close())
	}
	_ = j.file.close() // whatever it says of the old file, the new one doesn't depend on it
	j.file = f
	if err == nil {
		err = j.disk.syncFolder()
	}
	if err == nil {
		err = j.check()
	}
	if err != nil {
		return err
	}
	j.sound, j.last, j.next, j.size = true, last, used, int64(len(content))
	return nil
}

// close ends writing to the file.
func (j *journal) close() error {
	if j.file == nil {
		return nil
	}
	f := j.file
	j.file, j.sound = nil, false
	return f.close()
}

// encode returns a file with these entries and at least so many free slots, the last checksum and where the free slots
// begin.
func encode(generation uint64, entries []entry, spare int) (content []byte, last checksum, used int64) {
	slots := len(entries) + max(len(entries), spare)
	content = make([]byte, 0, headerSize+slots*slotSize)
	content = append(content, magic...)
	content = binary.BigEndian.AppendUint64(content, generation)
	content = binary.BigEndian.AppendUint64(content, uint64(len(entries)))
	content = binary.BigEndian.AppendUint64(content, uint64(slots))
	last = sha256.Sum256(content)
	content = append(content, last[:]...)
	for _, e := range entries {
		content, last = appendSlot(content, e, last)
	}
	return content[:cap(content)], last, int64(len(content))
}

func appendSlot(b []byte, e entry, before checksum) ([]byte, checksum) {
	start := len(b)
	b = append(b, byte(e.kind))
	b = append(b, e.key[:]...)
	b = append(b, e.domain[:]...)
	b = binary.BigEndian.AppendUint64(b, e.record.Source)
	b = binary.BigEndian.AppendUint64(b, e.record.Target)
	b = append(b, e.record.Root[:]...)
	sum := chain(before, b[start:])
	b = append(b, sum[:]...)
	return append(b, byte(e.kind)), sum
}

func chain(before checksum, body []byte) checksum { return sha256.Sum256(append(before[:], body...)) }
