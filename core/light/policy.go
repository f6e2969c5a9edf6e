package light

import "time"

// Policy says how long a client waits for providers, and how often it asks them.
type Policy struct {
	// Hedge is how long one provider may be silent before the next is asked as well, where one answer is enough. A silent provider
	// must cost little, and a slow one that is alone must be heard.
	Hedge time.Duration
	// Grace is how long the others are waited for once one provider has answered what all are asked.
	Grace time.Duration
	// Second is how long the others are waited for once one provider has said that it lacks what it was asked for. That provider
	// may lie, so that they get longer than Grace.
	Second time.Duration
	// Update bounds what one provider may take to prove its chain in one update. What it has proven until then counts.
	Update time.Duration
	// Patience is how long an update waits for the other providers once one has proven its head, and for the proof that one head
	// extends another.
	Patience time.Duration
	// Examine is how long a diverging provider is left alone after it was examined: examining a liar costs minutes of its choosing,
	// and shows nothing new.
	Examine time.Duration
}

// DefaultPolicy suits a handful of public nodes.
func DefaultPolicy() Policy {
	return Policy{
		Hedge: time.Second, Grace: 2 * time.Second, Second: 5 * time.Second,
		Update: time.Minute, Patience: 10 * time.Second, Examine: 15 * time.Minute,
	}
}
