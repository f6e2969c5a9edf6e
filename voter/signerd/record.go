package signerd

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/dualchain/dualchain/core/ffg"
	"github.com/dualchain/dualchain/voter/monitor"
)

// refusalStands is how long a refusal makes the signer ill, if the client doesn't get a signature before. A voter repeats its request
// every few seconds while it needs one.
const refusalStands = 10 * time.Minute

// Reasons why a signer is not healthy, beside those of keys.
var (
	noKey = monitor.Reason{
		Code: "no_key", Severity: monitor.Alarm,
		Advice: "There is no key, or each was left out at the start. Add one, or see the reasons that stand beside this one.",
	}
	badCertificate = monitor.Reason{
		Code: "certificate", Severity: monitor.Alarm,
		Advice: "No voter can connect: the signer's certificate or its authority's is out of date or can't be read. Renew it with 'signer certs'.",
	}
)

// record is what a signer has done since its start. Its methods may be called from any goroutine.
type record struct {
	config  Config
	version string
	keys    Keyring
	alarms  func() []monitor.Standing // of keys that were left out
	now     func() time.Time
	started time.Time

	mu          sync.Mutex
	last        map[ffg.PublicKey]signed
	signatures  map[asker]uint64
	refusals    map[refusal]uint64
	standing    map[asker]standing // the last refusal, until the client gets a signature
	requests    map[string]uint64  // refused, by client
	connections uint64             // refused
}

// signed is the newest signature of a key.
type signed struct {
	epoch uint64
	at    time.Time
}

// refusal is a kind of refusal to sign.
type refusal struct{ client, code string }

// standing is a refusal that may hold still.
type standing struct {
	reason monitor.Reason
	err    error
	at     time.Time
}

// newRecord begins a record. alarms may be nil.
func newRecord(config Config, version string, keys Keyring, alarms func() []monitor.Standing) *record {
	if alarms == nil {
		alarms = func() []monitor.Standing { return nil }
	}
	return &record{
		config: config, version: version, keys: keys, alarms: alarms, now: time.Now, started: time.Now(),
		last: map[ffg.PublicKey]signed{}, signatures: map[asker]uint64{}, refusals: map[refusal]uint64{},
		standing: map[asker]standing{}, requests: map[string]uint64{},
	}
}

// asked records what a client got that asked for a signature.
func (r *record) asked(who asker, epoch uint64, err error) {
	reason := monitor.ReasonOf(Reasons, err)
	r.mu.Lock()
	defer r.mu.Unlock()
	if err == nil {
		r.signatures[who]++
		r.last[who.key] = signed{epoch: max(epoch, r.last[who.key].epoch), at: r.now()}
		delete(r.standing, who)
		return
	}
	r.refusals[refusal{who.client, reason.Code}]++
	if reason.Severity == monitor.Alarm {
		r.standing[who] = standing{reason, err, r.now()}
	}
}

// requestRefused records a request of a client that may not ask, or for another chain.
func (r *record) requestRefused(client string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.requests[client]++
}

// connectionRefused records a connection without a good certificate.
func (r *record) connectionRefused() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.connections++
}

// report is the answer of /status.
type report struct {
	ChainID   string             `json:"chain_id"`
	Version   string             `json:"version"`
	StartedAt time.Time          `json:"started_at"`
	Healthy   bool               `json:"healthy"`
	Reasons   []monitor.Standing `json:"reasons"` // why not
	Keys      []keyStatus        `json:"keys"`
}

type keyStatus struct {
	PublicKey string    `json:"public_key"`
	Epoch     uint64    `json:"last_signed_epoch"` // since the start
	At        time.Time `json:"at,omitzero"`
}

func (r *record) handler() http.Handler {
	return monitor.NewHandler(newMetrics(r), func() (any, []monitor.Standing) {
		s := r.status()
		return s, s.Reasons
	})
}

func (r *record) status() report {
	keys, err := r.keys.Keys(context.Background())
	s := report{ChainID: r.config.ChainID, Version: r.version, StartedAt: r.started.UTC(), Reasons: r.reasons(keys, err), Keys: []keyStatus{}}
	s.Healthy = len(s.Reasons) == 0
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, key := range keys {
		s.Keys = append(s.Keys, keyStatus{PublicKey: key.String(), Epoch: r.last[key].epoch, At: r.last[key].at.UTC()})
	}
	return s
}

// reasons returns why the signer is not healthy.
func (r *record) reasons(keys []ffg.PublicKey, err error) []monitor.Standing {
	out := []monitor.Standing{}
	switch {
	case err != nil:
		out = append(out, monitor.Stand(noKey, err))
	case len(keys) == 0:
		out = append(out, monitor.Stand(noKey, errors.New("expected at least one key that can sign, found none")))
	}
	out = append(out, r.alarms()...)
	if err := r.certificate(); err != nil {
		out = append(out, monitor.Stand(badCertificate, err))
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	maps.DeleteFunc(r.standing, func(_ asker, s standing) bool { return r.now().Sub(s.at) > refusalStands })
	who := slices.SortedFunc(maps.Keys(r.standing), func(a, b asker) int {
		return cmp.Or(strings.Compare(a.client, b.client), slices.Compare(a.key[:], b.key[:]))
	})
	for _, w := range who {
		s := monitor.Stand(r.standing[w].reason, fmt.Errorf("asked by %s: %w", w.client, r.standing[w].err))
		s.PublicKey = w.key.String()
		out = append(out, s)
	}
	return out
}

// certificate returns an error if no voter can connect.
func (r *record) certificate() error {
	own, err := r.config.TLS.read()
	if err != nil {
		return err
	}
	return own.inDate(r.now())
}
