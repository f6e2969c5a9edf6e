package guard

import (
	"errors"
	"io/fs"
	"maps"
	"slices"
	"sync"
)

// fault is what a disk does instead of what it was asked for.
type fault int

const (
	none        fault = iota
	powerLoss         // nothing, and nothing ever again until powerOn
	fails             // an error
	failsPartly       // an error, though all or some of it was done
)

var (
	errDisk     = errors.New("input/output error")
	errPowerOff = errors.New("no power")
)

// faulty is a folder in memory on which every step can fail, or be the last one before the power is lost. It is as
// unkind as an operating system may be:
//   - what was written and not synced is on disk after a loss of power whole, in part, or not at all;
//   - the same holds for a name that was given and not synced, but names change in order;
//   - after a sync that failed, what it was to make durable still looks written, but no later sync will make it durable.
type faulty struct {
	mu    sync.Mutex
	names map[string]*inode
	past  []map[string]*inode // what the names were since they were last synced; the disk has one of these, or names
	steps int                 // how many steps were asked for
	plan  func(step int) fault
	off   bool
	taken bool // the lock was deleted
}

type inode struct{ writes []written }

type written struct {
	offset int
	bytes  []byte
	fate   fate
}

type fate int

const (
	cached  fate = iota // the next sync makes it durable
	dropped             // a sync failed: it looks written
	synced
)

func newFaulty() *faulty {
	return &faulty{names: make(map[string]*inode), plan: func(int) fault { return none }}
}

// put makes a file that is synced.
func (d *faulty) put(name string, content []byte) {
	d.names[name] = &inode{writes: []written{{bytes: content, fate: synced}}}
}

// step counts a step and says what goes wrong in it.
func (d *faulty) step() (fault, error) {
	d.steps++
	what := none
	if !d.off {
		what = d.plan(d.steps)
	}
	d.off = d.off || what == powerLoss
	switch {
	case d.off:
		return powerLoss, errPowerOff
	case what == none:
		return none, nil
	default:
		return what, errDisk
	}
}

func (d *faulty) read(name string) ([]byte, file, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.off {
		return nil, nil, errPowerOff
	}
	node := d.names[name]
	if node == nil {
		return nil, nil, fs.ErrNotExist
	}
	return node.content(func(w written) written { return w }), &faultyFile{disk: d, node: node}, nil
}

func (d *faulty) holds(name string, f file) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	_, err := d.step()
	if err == nil && (d.taken || d.names[name] != f.(*faultyFile).node) {
		err = ErrLost
	}
	return err
}

func (d *faulty) create(name string) (file, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	what, err := d.step()
	node := new(inode)
	if what == none || what == failsPartly {
		d.changeNames(func(names map[string]*inode) { names[name] = node })
	}
	return &faultyFile{disk: d, node: node}, err
}

func (d *faulty) rename(from, to string) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	what, err := d.step()
	if what == none || what == failsPartly {
		d.changeNames(func(names map[string]*inode) {
			names[to] = names[from]
			delete(names, from)
		})
	}
	return err
}

func (d *faulty) changeNames(change func(map[string]*inode)) {
	d.past = append(d.past, maps.Clone(d.names))
	change(d.names)
}

func (d *faulty) syncFolder() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	what, err := d.step()
	if what == none {
		d.past = nil
	}
	return err
}

type faultyFile struct {
	disk *faulty
	node *inode
}

func (f *faultyFile) writeAt(b []byte, offset int64) error {
	f.disk.mu.Lock()
	defer f.disk.mu.Unlock()
	what, err := f.disk.step()
	if what == failsPartly {
		b = b[:len(b)/2]
	}
	if what == none || what == failsPartly {
		f.node.writes = append(f.node.writes, written{offset: int(offset), bytes: slices.Clone(b)})
	}
	return err
}

func (f *faultyFile) sync() error {
	f.disk.mu.Lock()
	defer f.disk.mu.Unlock()
	what, err := f.disk.step()
	fate := map[fault]fate{none: synced, fails: dropped, failsPartly: dropped, powerLoss: cached}[what]
	for i := range f.node.writes {
		if f.node.writes[i].fate == cached {
			f.node.writes[i].fate = fate
		}
	}
	return err
}

func (f *faultyFile) close() error { return nil }

// content puts the writes together; where nothing was written are zeros.
func (n *inode) content(survives func(written) written) []byte {
	var out []byte
	for _, w := range n.writes {
		w = survives(w)
		if end := w.offset + len(w.bytes); len(w.bytes) > 0 && end > len(out) {
			out = append(out, make([]byte, end-len(out))...)
		}
		copy(out[min(w.offset, len(out)):], w.bytes)
	}
	return out
}

// survival says what of a disk is there when the power comes back.
type survival struct {
	names func(versions int) int             // picks one of the versions of the names; the last is the newest
	bytes func(length int) (from, until int) // which part of a write that wasn't synced
}

// powerOn returns the disk as it is after a loss of power, without faults.
func (d *faulty) powerOn(s survival) *faulty {
	versions := append(slices.Clone(d.past), d.names)
	after := newFaulty()
	for name, node := range versions[s.names(len(versions))] {
		after.put(name, node.content(func(w written) written {
			if w.fate == synced {
				return w
			}
			from, until := s.bytes(len(w.bytes))
			return written{offset: w.offset + from, bytes: w.bytes[from:until]}
		}))
	}
	return after
}

// survivals are the kinds of luck that a test can have by itself: each choice for the names with each for the writes.
func survivals() map[string]survival {
	names := map[string]func(int) int{
		"old names":                        func(int) int { return 0 },
		"new names":                        func(versions int) int { return versions - 1 },
		"the names before the last change": func(versions int) int { return max(0, versions-2) },
	}
	parts := map[string]func(int) (int, int){
		"nothing written":     func(int) (int, int) { return 0, 0 },
		"all written":         func(n int) (int, int) { return 0, n },
		"a byte written":      func(n int) (int, int) { return 0, min(1, n) },
		"the first half":      func(n int) (int, int) { return 0, n / 2 },
		"all but a byte":      func(n int) (int, int) { return 0, max(0, n-1) },
		"the second half":     func(n int) (int, int) { return n / 2, n },
		"all but the first":   func(n int) (int, int) { return min(1, n), n },
		"the last byte alone": func(n int) (int, int) { return max(0, n-1), n },
	}
	all := make(map[string]survival)
	for name, choose := range names {
		for part, cut := range parts {
			all[name+", "+part] = survival{names: choose, bytes: cut}
		}
	}
	return all
}
