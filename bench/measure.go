package main

import (
	"runtime"
	"slices"
	"time"
)

// sample is the cost of one piece of work. writes counts the sets and deletes that reached the committed stores, written the
// bytes of their keys and values. Both are 0 while the chain does not count.
type sample struct{ ns, allocs, bytes, writes, written int64 }

// measure runs work once.
func measure(work func() error) (sample, error) {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	start := time.Now()
	err := work()
	elapsed := time.Since(start)
	runtime.ReadMemStats(&after)
	return sample{
		ns:     elapsed.Nanoseconds(),
		allocs: int64(after.Mallocs - before.Mallocs),
		bytes:  int64(after.TotalAlloc - before.TotalAlloc),
	}, err
}

// columns returns pointers to every figure of a sample.
func (s *sample) columns() []*int64 {
	return []*int64{&s.ns, &s.allocs, &s.bytes, &s.writes, &s.written}
}

// plus returns the sum.
func (s sample) plus(o sample) sample {
	for i, column := range s.columns() {
		*column += *o.columns()[i]
	}
	return s
}

// minus returns the difference s − o.
func (s sample) minus(o sample) sample {
	for i, column := range s.columns() {
		*column -= *o.columns()[i]
	}
	return s
}

// withWrites returns s with the writes of o, which was measured on a chain that counts.
func (s sample) withWrites(o sample) sample {
	s.writes, s.written = o.writes, o.written
	return s
}

// median returns the median of each figure separately, or zeros if there are no samples.
func median(samples []sample) sample {
	var out sample
	if len(samples) == 0 {
		return out
	}
	for i, column := range out.columns() {
		values := make([]int64, len(samples))
		for j := range samples {
			values[j] = *samples[j].columns()[i]
		}
		slices.Sort(values)
		*column = values[len(values)/2]
	}
	return out
}

// sum adds up samples.
func sum(samples []sample) sample {
	var total sample
	for _, s := range samples {
		total = total.plus(s)
	}
	return total
}

// worst returns the sample that took longest.
func worst(samples []sample) sample {
	return slices.MaxFunc(samples, func(a, b sample) int { return int(a.ns - b.ns) })
}
