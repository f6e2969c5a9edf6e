package guard

import (
	"bytes"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/dualchain/dualchain/core/ffg"
)

// lived returns a journal with entries that it was made with and others that were written into its slots, and its state.
func lived(t testing.TB) ([]byte, state) {
	t.Helper()
	d := newDisk(t)
	g, err := openOn(d)
	if err != nil {
		t.Fatal(err)
	}
	g.journal.spare = 10
	for epoch := range uint64(4) {
		if err := g.Approve(chainA, alice, link(epoch, epoch+1)); err != nil {
			t.Fatal(err)
		}
	}
	if err := g.Retire(bob); err != nil {
		t.Fatal(err)
	}
	content, _, err := d.read(onDisk)
	if err != nil {
		t.Fatal(err)
	}
	return content, g.state
}

// used is how many slots of a journal are written.
func used(content []byte) int {
	n := 0
	for slots := content[headerSize:]; len(slots) > 0 && slots[0] != 0; slots = slots[slotSize:] {
		n++
	}
	return n
}

func slot(content []byte, i int) []byte { return content[headerSize+i*slotSize:][:slotSize] }

func TestAJournalIsReadAsItWasWritten(t *testing.T) {
	content, want := lived(t)
	generation, found, err := decode(content)
	if err != nil || generation != 1 || !reflect.DeepEqual(found, want) {
		t.Errorf("expected generation 1 of %v, found %d of %v, %v", want, generation, found, err)
	}
	if base, all := int(content[23]), used(content); base != 3 || all != 7 {
		t.Errorf("expected 3 entries at first and 7 in the end, found %d and %d", base, all)
	}
}

func TestAnyFlippedBitIsDamage(t *testing.T) {
	content, _ := lived(t)
	for at := range (headerSize + used(content)*slotSize) * 8 {
		damaged := slices.Clone(content)
		damaged[at/8] ^= 1 << (at % 8)
		if _, _, err := decode(damaged); err == nil {
			t.Errorf("bit %d of byte %d (slot %d): expected an error, found none", at%8, at/8, (at/8-headerSize)/slotSize)
		}
	}
}

func TestACutOrExtendedJournalIsDamage(t *testing.T) {
	content, _ := lived(t)
	for length := range len(content) {
		if _, _, err := decode(content[:length]); err == nil {
			t.Errorf("cut to %d of %d bytes: expected an error, found none", length, len(content))
		}
	}
	for _, more := range []int{1, slotSize} {
		if _, _, err := decode(append(slices.Clone(content), make([]byte, more)...)); err == nil {
			t.Errorf("%d bytes more: expected an error, found none", more)
		}
	}
}

func TestRearrangedJournalsAreDamage(t *testing.T) {
	content, _ := lived(t)
	last := used(content) - 1
	for name, damage := range map[string]func(b []byte){
		"an entry cut out": func(b []byte) {
			copy(b[headerSize+4*slotSize:], b[headerSize+5*slotSize:])
		},
		"two entries in each other's places": func(b []byte) {
			four := bytes.Clone(slot(b, 4))
			copy(slot(b, 4), slot(b, 5))
			copy(slot(b, 5), four)
		},
		"an entry twice":                 func(b []byte) { copy(slot(b, last+1), slot(b, last)) },
		"an entry zeroed before others":  func(b []byte) { clear(slot(b, 4)) },
		"an entry torn before others":    func(b []byte) { clear(slot(b, 4)[slotSize/2:]) },
		"the first entries zeroed":       func(b []byte) { clear(b[headerSize:]) },
		"the last of the first entries":  func(b []byte) { clear(b[headerSize+2*slotSize:]) },
		"the last entry without middle":  func(b []byte) { clear(slot(b, last)[1 : slotSize-1]) },
		"something behind free slots":    func(b []byte) { b[len(b)-1] = 1 },
		"an entry of another generation": func(b []byte) { copy(slot(b, 3), foreign(b)) },
	} {
		damaged := slices.Clone(content)
		damage(damaged)
		if _, _, err := decode(damaged); err == nil {
			t.Errorf("%s: expected an error, found none", name)
		}
	}
}

// foreign returns the fourth entry of a journal that is the same but for its generation.
func foreign(content []byte) []byte {
	_, s, err := decode(content)
	if err != nil {
		return nil
	}
	other, _, _ := encode(2, s.entries(), spareInTests)
	return slot(other, 3)
}

// What a crash can leave of the last entry counts as never written: a loss of power is no reason to refuse to start.
func TestATornEntryIsLeftOut(t *testing.T) {
	content, want := lived(t)
	torn := slices.Clone(content)
	next, _ := appendSlot(nil, entry{kind: kindVote, key: alice, domain: chainA, record: recordOf(link(4, 5))}, checksum(slot(content, used(content)-1)[bodySize:slotSize-1]))
	for cut := range slotSize {
		for end, part := range map[string][]byte{
			"first": append(bytes.Clone(next[:cut]), make([]byte, slotSize-cut)...),
			"last":  append(make([]byte, slotSize-cut), next[slotSize-cut:]...),
		} {
			copy(slot(torn, used(content)), part)
			if _, found, err := decode(torn); err != nil || !reflect.DeepEqual(found, want) {
				t.Errorf("the %s %d bytes: expected it left out, found %v", end, cut, err)
			}
		}
	}
	copy(slot(torn, used(content)), next)
	if _, found, err := decode(torn); err != nil || len(found[alice].in(chainA).records) != 5 {
		t.Errorf("whole: expected it read, found %v", err)
	}
}

// Entries with right checksums that no guard writes in this order.
func TestImpossibleHistoriesAreDamage(t *testing.T) {
	admitAlice := entry{kind: kindAdmit, key: alice}
	voteOf := func(v ffg.Vote) entry {
		return entry{kind: kindVote, key: alice, domain: chainA, record: recordOf(v)}
	}
	floorAt := entry{kind: kindFloor, key: alice, domain: chainA, record: Record{Source: 3, Target: 5}}
	for name, tc := range map[string]struct {
		entries []entry
		want    string
	}{
		"a key twice":           {[]entry{admitAlice, admitAlice}, "admitted once"},
		"a vote of a stranger":  {[]entry{voteOf(link(0, 1))}, "admitted first"},
		"a stranger retired":    {[]entry{{kind: kindRetire, key: alice}}, "admitted first"},
		"a double vote":         {[]entry{admitAlice, voteOf(link(0, 1)), voteOf(link(0, 1, 9))}, "stand together"},
		"a surround vote":       {[]entry{admitAlice, voteOf(link(2, 3)), voteOf(link(1, 4))}, "stand together"},
		"a vote below a floor":  {[]entry{admitAlice, floorAt, voteOf(link(3, 4))}, "stand together"},
		"a floor after a vote":  {[]entry{admitAlice, voteOf(link(0, 1)), floorAt}, "before its votes"},
		"a floor without vote":  {[]entry{admitAlice, floorAt, voteOf(link(3, 6))}, "at its floor"},
		"a kind that is no one": {[]entry{admitAlice, {kind: 'x', key: alice}}, "of kind"},
	} {
		content, _, _ := encode(1, tc.entries, spareInTests)
		if _, _, err := decode(content); err == nil || !strings.Contains(err.Error(), tc.want) {
			t.Errorf("%s: expected an error about %q, found %v", name, tc.want, err)
		}
	}
}

func TestTheFileIsBounded(t *testing.T) {
	d := newDisk(t)
	g, err := openOn(d, Keep(5))
	if err != nil {
		t.Fatal(err)
	}
	most := headerSize + slotSize*2*(2+1+5+1) // two keys, a floor, the votes and one more, and as many free slots
	for epoch := range uint64(200) {
		if err := g.Approve(chainA, alice, link(epoch, epoch+1)); err != nil {
			t.Fatal(err)
		}
		if content, _, err := d.read(onDisk); err != nil || len(content) > most {
			t.Fatalf("epoch %d: expected at most %d bytes, found %d, %v", epoch, most, len(content), err)
		}
	}
	if replaced := g.journal.generation; replaced < 10 || replaced > 100 {
		t.Errorf("expected the file replaced now and then, found %d times for 200 votes", replaced)
	}
}

// Journals of this format open for ever: testdata/golden.journal has generation 2, alice admitted and retired, a floor 2, 3,
// the vote 2 → 3 with signing root 0707…, and 3 → 4 without one, in the domain 0808….
func TestTheFormatStaysAsItIs(t *testing.T) {
	domain := ffg.Root(bytes.Repeat([]byte{8}, 32))
	want := state{alice: {everywhere: true, retired: true, ledgers: map[ffg.Root]*ledger{domain: {
		floor:   Floor{Source: 2, Target: 3},
		records: []Record{{Source: 2, Target: 3, Root: ffg.Root(bytes.Repeat([]byte{7}, 32))}, span(3, 4)},
	}}}}
	golden, err := os.ReadFile("testdata/golden.journal")
	if err != nil {
		t.Fatal(err)
	}
	if content, _, _ := encode(2, want.entries(), 1); !bytes.Equal(content, golden) {
		t.Errorf("expected\n%x, found\n%x", golden, content)
	}
	if generation, found, err := decode(golden); err != nil || generation != 2 || !reflect.DeepEqual(found, want) {
		t.Errorf("expected generation 2 of %v, found %d of %v, %v", want, generation, found, err)
	}
}

func TestOpeningWritesNothing(t *testing.T) {
	d := newDisk(t)
	d.plan = func(int) fault { return fails }
	g, err := openOn(d)
	if err != nil || d.steps != 0 {
		t.Fatalf("expected a journal opened without a step, found %d, %v", d.steps, err)
	}
	if _, err := g.Export(chainA, nil, false); err != nil || d.steps != 0 {
		t.Errorf("expected an export without a step, found %d, %v", d.steps, err)
	}
}
