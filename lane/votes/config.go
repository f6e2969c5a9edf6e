package votes

import (
	"errors"
	"fmt"
	"time"
)

// Config bounds the work of a lane. A field that is 0 has the value of [DefaultConfig].
type Config struct {
	// GossipCPU and RPCCPU are what the verification of votes from neighbours and from RPC may take, in thousandths of a core.
	GossipCPU, RPCCPU int
	// GossipQueue and RPCQueue are the votes that may wait for verification.
	GossipQueue, RPCQueue int
}

// DefaultConfig returns the default bounds: half a core and 20,000 votes for neighbours, a quarter and 5,000 for RPC.
func DefaultConfig() Config {
	return Config{GossipCPU: 500, RPCCPU: 250, GossipQueue: 20_000, RPCQueue: 5_000}
}

func (c Config) withDefaults() (Config, error) {
	d := DefaultConfig()
	for _, field := range []struct {
		name  string
		value *int
		usual int
	}{
		{"GossipCPU", &c.GossipCPU, d.GossipCPU},
		{"RPCCPU", &c.RPCCPU, d.RPCCPU},
		{"GossipQueue", &c.GossipQueue, d.GossipQueue},
		{"RPCQueue", &c.RPCQueue, d.RPCQueue},
	} {
		if *field.value < 0 {
			return c, fmt.Errorf("%w: %s: expected 1 or more, found %d", errConfig, field.name, *field.value)
		}
		if *field.value == 0 {
			*field.value = field.usual
		}
	}
	return c, nil
}

var errConfig = errors.New("bounds of the lane of votes")

// Fixed bounds.
const (
	// burst is the CPU time that a budget saves up at most, and so what it may take at once.
	burst = time.Second
	// batchVotes is the number of votes verified together at most. Beyond it nothing is gained.
	batchVotes = 512
	// batchWait is how long a worker that has just verified smallBatch votes or more waits for others. A lone vote never waits.
	batchWait  = 20 * time.Millisecond
	smallBatch = 8
	// sample is the number of votes of a large pack that are verified before the others.
	sample      = 8
	sampleAbove = 32
	// maxGroups bounds the different votes whose verified positions are known, most of them for targets that are not known yet.
	maxGroups = 1024

	// spread is the time over which neighbours' votes are sent on. One that another neighbour sends meanwhile, enough times, is not.
	spread = 400 * time.Millisecond
	enough = 2
	// againBytes bounds the packs that are sent again in a block; againPart is the share of neighbours' votes among them, one in so many.
	againBytes = 64 << 10
	againPart  = 10
	// maxLoose bounds the stray votes that wait to be sent.
	maxLoose = 1024
)
