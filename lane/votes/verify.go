package votes

import (
	"math/rand/v2"

	"github.com/dualchain/dualchain/core/bls"
	"github.com/dualchain/dualchain/gossip"
	"github.com/dualchain/dualchain/votepool"
	"github.com/dualchain/dualchain/x/finality/types"
)

// processSafely is process for a worker, where a panic would end the node.
func (l *Lane) processSafely(batch []*job) (passed bool) {
	defer func() {
		if r := recover(); r != nil {
			for _, j := range batch {
				j.answer(ErrPanic.Wrapf("%v", r))
			}
			passed = false
		}
	}()
	return l.process(batch)
}

// process verifies packs of one vote, puts what is good into the pool, and gives the verdicts. It reports whether all were good.
func (l *Lane) process(batch []*job) bool {
	var open []*job
	for _, j := range batch {
		if j.parts = l.stillWanted(j); len(j.parts) == 0 {
			j.answer(nil)
			continue
		}
		open = append(open, j)
	}
	if len(open) == 0 {
		return true
	}
	if open[0].place.Stray() {
		for _, j := range open {
			j.answer(l.processStray(j))
		}
		return true
	}
	return l.processAll(open)
}

// processAll verifies packs together, and one by one if that fails.
func (l *Lane) processAll(batch []*job) (passed bool) {
	passed = true
	var read []*reading
	for _, j := range batch {
		r, err := readPack(j)
		if err != nil {
			passed = false
			l.reject(j, err)
			continue
		}
		read = append(read, r)
	}
	if len(read) == 0 {
		return passed
	}
	if verify(read...) == nil {
		for _, r := range read {
			r.job.answer(l.take(r))
		}
		return passed
	}
	for _, r := range read {
		var err error
		if len(read) == 1 {
			err = types.ErrInvalidSignature.Wrapf("%d votes", len(r.points))
		} else if bad := verify(r); bad != nil {
			err = types.ErrInvalidSignature.Wrap(bad.Error())
		}
		if err != nil {
			l.reject(r.job, err)
			continue
		}
		r.job.answer(l.take(r))
	}
	return false
}

func (l *Lane) reject(j *job, err error) {
	l.mu.Lock()
	l.counts.Invalid += uint64(len(j.parts))
	l.mu.Unlock()
	j.answer(err)
}

// reading is a pack whose signatures were read.
type reading struct {
	job    *job
	points []*bls.Signature
}

// readPack reads the signatures of a pack. A few of a large pack are verified before the others are read, so that garbage costs little.
func readPack(j *job) (*reading, error) {
	r := &reading{job: j, points: make([]*bls.Signature, len(j.parts))}
	if len(j.parts) > sampleAbove {
		tried := reading{job: &job{place: j.place}}
		for _, i := range rand.Perm(len(j.parts))[:sample] {
			if err := r.read(i); err != nil {
				return nil, err
			}
			tried.job.parts, tried.points = append(tried.job.parts, j.parts[i]), append(tried.points, r.points[i])
		}
		if err := verify(&tried); err != nil {
			return nil, types.ErrInvalidSignature.Wrap(err.Error())
		}
	}
	for i := range j.parts {
		if err := r.read(i); err != nil {
			return nil, err
		}
	}
	return r, nil
}

func (r *reading) read(i int) error {
	if r.points[i] != nil {
		return nil
	}
	point, err := bls.ParseSignature(r.job.parts[i].Signature[:])
	if err != nil {
		return types.ErrInvalidSignature.Wrapf("position %d: %s", r.job.parts[i].Position, err)
	}
	r.points[i] = point
	return nil
}

// verify verifies packs of one vote as one batch.
func verify(packs ...*reading) error {
	var keys []*bls.PublicKey
	var points []*bls.Signature
	for _, r := range packs {
		for i, part := range r.job.parts {
			keys, points = append(keys, r.job.place.Keys.Key(int(part.Position))), append(points, r.points[i])
		}
	}
	return bls.VerifyParsed(keys, packs[0].job.place.Root, points)
}

// take puts the votes of a verified pack into the pool and among those to send on. Errors: [ErrPool], of the last vote that it refused.
func (l *Lane) take(r *reading) (err error) {
	var taken []gossip.Part
	for i, part := range r.job.parts {
		_, refused := l.pool.Add(signedBy(r.job.place, part), func() (*bls.Signature, error) { return r.points[i], nil })
		if refused != nil {
			err = ErrPool.Wrap(refused.Error())
			continue
		}
		taken = append(taken, part)
	}
	if !r.job.quiet {
		l.keep(r.job, taken)
	}
	return err
}

func signedBy(p *Place, part gossip.Part) votepool.Signed {
	return votepool.Signed{Key: p.Set[part.Position].Key, Vote: p.Vote, Signature: part.Signature}
}

// processStray verifies stray votes within their budget.
func (l *Lane) processStray(j *job) error {
	var err error
	for _, part := range j.parts {
		if refused := l.Single(j.place, part); refused != nil {
			err = refused
			continue
		}
		if !j.quiet {
			l.keepStray(j, part)
		}
	}
	return err
}

// Single verifies one vote by itself, and puts it into the pool. Errors: [types.ErrInvalidSignature], [ErrPool], for a stray vote
// [ErrStrays] and [ErrNoted].
func (l *Lane) Single(p *Place, part gossip.Part) error {
	added, err := l.pool.Add(signedBy(p, part), func() (*bls.Signature, error) {
		if p.Stray() {
			if err := l.strays.Take(p.Vote.Target.Epoch); err != nil {
				return nil, err
			}
		}
		point, err := bls.ParseSignature(part.Signature[:])
		if err == nil {
			err = point.Verify(p.Keys.Key(int(part.Position)), p.Root)
		}
		if err != nil {
			return nil, types.ErrInvalidSignature.Wrap(err.Error())
		}
		return point, nil
	})
	switch {
	case isRefusal(err):
		return err
	case err != nil:
		return ErrPool.Wrap(err.Error())
	case p.Stray() && !added:
		return ErrNoted
	}
	return nil
}

// stillWanted returns the votes of a job that the pool has not got since they were queued.
func (l *Lane) stillWanted(j *job) []gossip.Part {
	l.mu.Lock()
	defer l.mu.Unlock()
	g := l.groups[j.id()]
	if g == nil {
		return j.parts
	}
	wanted := j.parts[:0:0]
	for _, part := range j.parts {
		if !g.have.Get(int(part.Position)) {
			wanted = append(wanted, part)
		}
	}
	return wanted
}

// Batch verifies votes together at once and puts them into the pool. It is for a flood mempool, which waits and sends nothing on.
// Errors: [types.ErrInvalidSignature] if one is bad, and then none is taken, [ErrPool]; for stray votes those of [Lane.Single].
func (l *Lane) Batch(p *Place, parts []gossip.Part) error {
	wanted := parts[:0:0]
	for _, part := range parts {
		if !p.Recorded(int(part.Position)) {
			wanted = append(wanted, part)
		}
	}
	verdict := make(chan error, 1)
	l.process([]*job{{place: p, parts: wanted, quiet: true, verdict: verdict}})
	return <-verdict
}
