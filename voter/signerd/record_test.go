package signerd

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/dualchain/dualchain/core/ffg"
	"github.com/dualchain/dualchain/voter/guard"
	"github.com/dualchain/dualchain/voter/monitor"
	"github.com/dualchain/dualchain/voter/sign"
)

// held is a keyring that holds these keys and signs nothing.
type held []ffg.PublicKey

func (h held) Keys(context.Context) ([]ffg.PublicKey, error) { return h, nil }

func (held) Sign(context.Context, ffg.PublicKey, ffg.Vote) (ffg.Signature, error) {
	return ffg.Signature{}, sign.ErrNoKey
}

func (held) Past(context.Context, ffg.PublicKey, uint64) (sign.Past, error) {
	return sign.Past{}, sign.ErrNoKey
}

// diary is a record with its own clock.
type diary struct {
	*record
	t       *testing.T
	clock   time.Time
	leftOut []monitor.Standing
}

func newDiary(t *testing.T, keys ...ffg.PublicKey) *diary {
	d := &diary{t: t, clock: time.Now()}
	d.record = newRecord(newSite(t).config, "v1", held(keys), func() []monitor.Standing { return d.leftOut })
	d.now = func() time.Time { return d.clock }
	return d
}

func (d *diary) get(path string) (int, string) {
	d.t.Helper()
	answer := httptest.NewRecorder()
	d.handler().ServeHTTP(answer, httptest.NewRequest(http.MethodGet, path, nil))
	return answer.Code, answer.Body.String()
}

// expect requires that the signer is ill for these reasons, or healthy.
func (d *diary) expect(what string, codes ...string) {
	d.t.Helper()
	code, body := d.get("/healthz")
	var health struct{ Reasons []monitor.Standing }
	if err := json.Unmarshal([]byte(body), &health); err != nil {
		d.t.Fatalf("%s: %v", body, err)
	}
	found := []string{}
	for _, r := range health.Reasons {
		found = append(found, r.Code)
		if !r.Alarm || r.Advice == "" {
			d.t.Errorf("%s: expected an alarm with advice, found %+v", what, r)
		}
	}
	if !slices.Equal(found, append([]string{}, codes...)) || (code == http.StatusOK) != (len(codes) == 0) {
		d.t.Errorf("%s: expected %v, found %d %s", what, codes, code, body)
	}
}

var (
	anna = ffg.PublicKey{1}
	bert = ffg.PublicKey{2}
)

func TestASignerWithoutAKeyIsNotHealthy(t *testing.T) {
	newDiary(t).expect("no key", "no_key")
	newDiary(t, anna).expect("a key")
	d := newDiary(t, anna)
	d.leftOut = []monitor.Standing{monitor.Stand(monitor.ReasonOf(Reasons, guard.ErrRetired), guard.ErrRetired)}
	d.expect("a key that was left out", "guard_retired")
}

func TestASignerThatNoVoterCanReachIsNotHealthy(t *testing.T) {
	d := newDiary(t, anna)
	d.clock = d.clock.Add(2 * time.Hour)
	d.expect("an expired certificate", "certificate")
	d.clock = time.Now()
	d.expect("a valid one")
	if err := os.Remove(d.config.TLS.Key); err != nil {
		t.Fatal(err)
	}
	d.expect("no key of the certificate", "certificate")
}

func TestARefusalStandsUntilTheClientGetsASignature(t *testing.T) {
	d := newDiary(t, anna, bert)
	alice, bob := asker{"alice", anna}, asker{"bob", anna}
	d.asked(alice, 7, fmt.Errorf("sign: %w", &guard.Conflict{}))
	d.asked(bob, 7, nil)
	d.expect("another client's signature ends nothing", "guard_conflict")
	d.asked(alice, 8, nil)
	d.expect("its own does")
	d.asked(alice, 9, errors.Join(guard.ErrStorage))
	d.asked(bob, 9, errors.Join(guard.ErrStorage))
	d.expect("a disk that fails", "guard_storage", "guard_storage")
	d.asked(bob, 9, nil)
	d.clock = d.clock.Add(refusalStands)
	d.expect("not for ever, but so long", "guard_storage")
	d.clock = d.clock.Add(1)
	d.expect("longer")
	d.asked(alice, 10, sign.ErrNoKey)
	d.expect("a key that isn't here is the client's fault")
}

// full is a record in which every metric appears.
func full(t *testing.T) string {
	d := newDiary(t, anna)
	d.asked(asker{"alice", anna}, 7, nil)
	d.asked(asker{"alice", anna}, 7, nil)
	d.asked(asker{"bob", anna}, 9, &guard.Conflict{})
	d.requestRefused("carol")
	d.connectionRefused()
	d.clock = d.clock.Add(5 * time.Second)
	code, body := d.get("/metrics")
	if code != http.StatusOK {
		t.Fatalf("%d %s", code, body)
	}
	return body
}

func TestMetricsOfASigner(t *testing.T) {
	found := full(t)
	for _, line := range []string{
		`build_info{chain_id="test-1",version="v1"} 1`, `healthy 0`, `keys 1`, `signatures_total{client="alice",key="` + anna.String() + `"} 2`,
		`last_signed_epoch{key="` + anna.String() + `"} 7`, `seconds_since_last_signature{key="` + anna.String() + `"} 5`,
		`refusals_total{client="bob",reason="guard_conflict"} 1`, `requests_refused_total{client="carol"} 1`, `connections_refused_total 1`,
		`alarms{reason="guard_conflict"} 1`,
	} {
		if !strings.Contains(found, "\ndualchain_signer_"+line+"\n") {
			t.Errorf("expected %s in\n%s", line, found)
		}
	}
}

func TestTheDocumentationListsEveryMetricOfASigner(t *testing.T) {
	text, err := os.ReadFile("../../docs/operations.md")
	if err != nil {
		t.Fatal(err)
	}
	names := func(pattern, text string) (out []string) {
		for _, match := range regexp.MustCompile(pattern).FindAllStringSubmatch(text, -1) {
			out = append(out, match[1])
		}
		slices.Sort(out)
		return out
	}
	documented := names("(?m)^\\| `dualchain_signer_([a-z_]+)` \\|", string(text))
	if served := names(`(?m)^# TYPE dualchain_signer_([a-z_]+) `, full(t)); !slices.Equal(documented, served) {
		t.Errorf("expected the table in docs/operations.md to list\n%v\nfound\n%v", served, documented)
	}
}

func TestTheStateOfASigner(t *testing.T) {
	d := newDiary(t, anna, bert)
	d.asked(asker{"alice", anna}, 7, nil)
	d.asked(asker{"bob", anna}, 6, nil) // later, for an older epoch
	_, body := d.get("/status")
	var found report
	if err := json.Unmarshal([]byte(body), &found); err != nil || found.ChainID != chainID || found.Version != "v1" || !found.Healthy || len(found.Keys) != 2 {
		t.Fatalf("found %s, %v", body, err)
	}
	if found.Keys[0].Epoch != 7 || found.Keys[0].PublicKey != anna.String() || found.Keys[1].Epoch != 0 || strings.Contains(body, "0001-01-01") {
		t.Errorf("expected the newest epoch of each key, found %s", body)
	}
}

// A signer records what its clients get.
func TestAServedSignerRecordsItsRequests(t *testing.T) {
	s := newSite(t)
	s.config.Clients = []string{"alice"}
	s.config.record = newRecord(s.config, "v1", held{anna}, nil)
	s.serve(held{anna})
	client := s.client("alice")
	if _, err := client.Sign(t.Context(), anna, ffg.Vote{Target: ffg.Ref{Epoch: 1}}); !errors.Is(err, sign.ErrNoKey) {
		t.Fatalf("expected %v, found %v", sign.ErrNoKey, err)
	}
	s.refused(s.files("bob"), ErrDenied)
	s.config.record.mu.Lock()
	defer s.config.record.mu.Unlock()
	if refused := s.config.record.refusals[refusal{"alice", monitor.Unexplained.Code}]; refused != 1 {
		t.Errorf("expected one refusal to sign, found %d", refused)
	}
	if refused := s.config.record.requests["bob"]; refused == 0 {
		t.Error("expected a refused request, found none")
	}
}
