package guard

import (
	"crypto/sha256"
	"encoding/binary"
	"errors"
)

// A journal is a file of fixed size: a header, slots with one entry each, and free slots, which are zero. The guard writes an
// entry into the first free slot and syncs it before it releases a vote. When no slot is free, a new file replaces the journal.
// All integers are big-endian.
//
//	header = "DUALGRD1" | generation u64 | base u64 | slots u64 | checksum 32
//	slot   = kind u8 | key 48 | domain 32 | source u64 | target u64 | root 32 | checksum 32 | kind u8
//
// generation counts the files that replaced one another. base is the number of entries in the file when it replaced the one
// before, and slots is the number of all slots. A checksum is the SHA-256 of the checksum before it and the bytes before it in
// its slot; the header's has no checksum before it. So damage is found everywhere, even if entries are removed, reordered or
// taken from another generation.
//
// What a crash can leave: a new file is synced before it gets the journal's name, so a file with that name is complete except
// for the entry that was being written into a zeroed slot. Everything before that entry was synced, and nothing is written after
// it until it is synced too. Any part of such a slot may be on disk and the rest zero, since disks write sectors of 512 bytes or
// more in any order. No vote was released for it. Such a slot has a zero as its first or last byte, where a complete slot has its
// kind, and only zeros after it; it counts as free. Any other failed checksum can't come from a crash and is damage. This
// includes a last entry with both ends written, since its vote may have been released. One loss looks like a crash: a disk that
// turns the sector with the end of the last entry into zeros after it had acknowledged the sync.
const (
	magic      = "DUALGRD1"
	headerSize = len(magic) + 3*8 + sha256.Size
	bodySize   = 1 + 48 + 32 + 8 + 8 + 32
	slotSize   = bodySize + sha256.Size + 1

	// spareSlots is the minimum of free slots in a new file. A new file also has at least as many free slots as entries, so that
	// the cost of replacing files stays in proportion to that of writing entries.
	spareSlots = 1024
)

type checksum = [sha256.Size]byte

// journal writes entries. After it is opened, and after any failure, it writes a new file first: the operating system may show
// content of the old file that never reached the disk.
//
// A write succeeds only if the journal's name still refers to the written file, and the lock's name to this process's lock: the
// next process doesn't read a file that has lost its name.
type journal struct {
	disk  disk
	name  string
	spare int // spareSlots

	generation uint64
	file       file     // the file with the name; nil when closed
	sound      bool     // this process wrote the file, and all of it is known to be on disk
	lost       error    // ErrLost, once noticed
	last       checksum // of the slot before the first free one
	next       int64    // offset of the first free slot
	size       int64    // of the file
}

// full reports whether the next entry needs a new file.
func (j *journal) full() bool { return !j.sound || j.next == j.size }

// append makes an entry durable in a journal that isn't full. After an error the entry may or may not be on disk.
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

// check returns an error unless the journal still belongs to this process. A journal that is lost stays lost.
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

// replace replaces the journal by a new file with these entries. After an error the old or the new file is in place.
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
	if err != nil && j.disk.holds(j.name, f) != nil { // a rename that returned an error may have happened
		return errors.Join(err, f.close())
	}
	_ = j.file.close() // the new file doesn't depend on the old one
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

// close closes the file.
func (j *journal) close() error {
	if j.file == nil {
		return nil
	}
	f := j.file
	j.file, j.sound = nil, false
	return f.close()
}

// encode returns the content of a file with these entries and at least spare free slots, the last checksum, and the offset of the
// first free slot.
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
