package sim

import (
	"errors"
	"fmt"

	"github.com/dualchain/dualchain/core/ffg"
)

// ErrUnknownParent is wrapped by Tree.Add for a checkpoint whose parent is not in the tree.
var ErrUnknownParent = errors.New("unknown parent checkpoint")

// Tree holds every checkpoint that was proposed, on all forks, and every vote that was signed, for any link: the view of
// a judge who collects everything afterwards. A vote counts even if no chain included it, since certificates can be made
// off chain.
type Tree struct {
	nodes  []node // parents before children; the first is the anchor
	index  map[ffg.Root]int
	links  []edge // in the order of their first signatures
	edges  map[ffg.Vote]int
	signed map[ffg.PublicKey][]ffg.Vote
	keys   []ffg.PublicKey // in the order of their first signatures
}

type node struct {
	ref    ffg.Ref
	parent int // −1 for the anchor
	voters ffg.VoterSet
	c      ffg.Checkpoint
}

// edge is a link between known checkpoints with its signers.
type edge struct {
	source, target int
	signers        ffg.Bitfield
}

// NewTree returns a tree that holds the anchor only.
func NewTree(anchor ffg.Checkpoint, voters ffg.VoterSet) *Tree {
	root := node{ref: anchor.Ref(), parent: -1, voters: voters, c: anchor}
	return &Tree{
		nodes:  []node{root},
		index:  map[ffg.Root]int{root.ref.Root: 0},
		edges:  map[ffg.Vote]int{},
		signed: map[ffg.PublicKey][]ffg.Vote{},
	}
}

// Add adds a checkpoint whose pair of voter sets has these members. Adding it again changes nothing.
func (t *Tree) Add(c ffg.Checkpoint, voters ffg.VoterSet) error {
	ref := c.Ref()
	if _, ok := t.index[ref.Root]; ok {
		return nil
	}
	parent, ok := t.index[c.ParentRoot]
	if !ok {
		return fmt.Errorf("add checkpoint %d: %w: %s", c.Epoch, ErrUnknownParent, c.ParentRoot)
	}
	if err := c.Extends(t.nodes[parent].c); err != nil {
		return fmt.Errorf("add checkpoint %d: %w", c.Epoch, err)
	}
	t.index[ref.Root] = len(t.nodes)
	t.nodes = append(t.nodes, node{ref: ref, parent: parent, voters: voters, c: c})
	return nil
}

// Sign records that key signed vote. The vote counts towards a link if both ends are known, the source is an ancestor of
// the target and key is one of the target's voters. It always counts as evidence.
func (t *Tree) Sign(key ffg.PublicKey, vote ffg.Vote) {
	if _, ok := t.signed[key]; !ok {
		t.keys = append(t.keys, key)
	}
	t.signed[key] = append(t.signed[key], vote)

	source, known := t.index[vote.Source.Root]
	target, ok := t.index[vote.Target.Root]
	if !known || !ok || source == target || !t.ancestor(source, target) || vote.Source != t.nodes[source].ref || vote.Target != t.nodes[target].ref {
		return
	}
	position, ok := t.nodes[target].voters.Position(key)
	if !ok {
		return
	}
	at, ok := t.edges[vote]
	if !ok {
		at = len(t.links)
		t.edges[vote] = at
		t.links = append(t.links, edge{source: source, target: target, signers: ffg.NewBitfield(len(t.nodes[target].voters))})
	}
	t.links[at].signers.Set(position)
}

// Signed returns the votes that key signed, in order.
func (t *Tree) Signed(key ffg.PublicKey) []ffg.Vote { return t.signed[key] }

// ancestor reports whether a is b or an ancestor of b.
func (t *Tree) ancestor(a, b int) bool {
	for b > a {
		b = t.nodes[b].parent
	}
	return a == b
}

// judge returns which nodes are justified and which are finalized. It applies the rules link by link.
func (t *Tree) judge(rules Rules) (justified, finalized []bool, err error) {
	justified, finalized = make([]bool, len(t.nodes)), make([]bool, len(t.nodes))
	justified[0], finalized[0] = true, true
	for _, l := range t.quorums(rules) {
		justified[l.target] = justified[l.target] || justified[l.source]
	}
	for _, l := range t.quorums(rules) {
		if !justified[l.source] {
			continue
		}
		c := treeChain{t, l, justified}
		final, err := finalizes(rules, c, t.nodes[l.source].ref.Epoch, t.nodes[l.target].ref.Epoch)
		if err != nil {
			return nil, nil, err
		}
		finalized[l.source] = finalized[l.source] || final
	}
	return justified, finalized, nil
}

// quorums returns the links that a quorum signed, by target in the order of the nodes. So the links to a source come
// before the links from it.
func (t *Tree) quorums(rules Rules) (links []edge) {
	byTarget := make([][]edge, len(t.nodes))
	for _, l := range t.links {
		if rules.Quorum(t.nodes[l.target].voters, l.signers) {
			byTarget[l.target] = append(byTarget[l.target], l)
		}
	}
	for _, found := range byTarget {
		links = append(links, found...)
	}
	return links
}

// treeChain presents the chain below one link's target to the finality rule.
type treeChain struct {
	*Tree
	edge
	justified []bool
}

// Source answers only for the link's target: the rule needs no other.
func (c treeChain) Source(uint64) (uint64, error) { return c.nodes[c.source].ref.Epoch, nil }

func (c treeChain) Justified(epoch uint64) (bool, error) {
	at := c.target
	for c.nodes[at].ref.Epoch > epoch {
		at = c.nodes[at].parent
	}
	return c.justified[at], nil
}

// Finalized returns the finalized checkpoints, each after its ancestors.
func (t *Tree) Finalized(rules Rules) ([]ffg.Ref, error) {
	_, finalized, err := t.judge(rules)
	var refs []ffg.Ref
	for at, final := range finalized {
		if final {
			refs = append(refs, t.nodes[at].ref)
		}
	}
	return refs, err
}
