package daemon_test

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/dualchain/dualchain/core/cert"
	"github.com/dualchain/dualchain/core/cert/certtest"
	"github.com/dualchain/dualchain/core/ffg"
	"github.com/dualchain/dualchain/core/light"
	"github.com/dualchain/dualchain/core/light/lighttest"
	"github.com/dualchain/dualchain/core/reason"
	"github.com/dualchain/dualchain/light/daemon"
	"github.com/dualchain/dualchain/light/provider"
	"github.com/dualchain/dualchain/light/store"
)

// rest serves a node as the gateway does.
func rest(t *testing.T, n *lighttest.Node) *provider.HTTP {
	t.Helper()
	mux := http.NewServeMux()
	answer := func(w http.ResponseWriter, content any, err error) {
		if err != nil {
			w.WriteHeader(http.StatusNotFound)
			content = map[string]any{"code": 5, "message": err.Error(), "details": []any{}}
		}
		if err := json.NewEncoder(w).Encode(content); err != nil {
			t.Error(err)
		}
	}
	number := func(r *http.Request, name string) uint64 {
		text := r.PathValue(name)
		if text == "" {
			text = r.URL.Query().Get(name)
		}
		v, err := strconv.ParseUint(text, 10, 64)
		if err != nil {
			t.Errorf("%s: %v", r.URL, err)
		}
		return v
	}
	type canonical map[string][]byte
	list := func(handOvers []cert.HandOver, more bool, err error) (map[string]any, error) {
		out := []canonical{}
		for _, h := range handOvers {
			encoded, encodeErr := h.Encode()
			out, err = append(out, canonical{"canonical": encoded}), errors.Join(err, encodeErr)
		}
		return map[string]any{"hand_overs": out, "more": more}, err
	}
	mux.HandleFunc("GET /dualchain/checkpoint/v1/status", func(w http.ResponseWriter, r *http.Request) {
		id, err := n.ChainID(r.Context())
		answer(w, map[string]string{"chain_id": id}, err)
	})
	mux.HandleFunc("GET /dualchain/finality/v1/trust_points/{epoch}", func(w http.ResponseWriter, r *http.Request) {
		trust, err := n.TrustPoint(r.Context(), number(r, "epoch"))
		encoded, encodeErr := trust.Encode()
		answer(w, canonical{"canonical": encoded}, errors.Join(err, encodeErr))
	})
	mux.HandleFunc("GET /dualchain/finality/v1/hand_overs/{pair}", func(w http.ResponseWriter, r *http.Request) {
		content, err := list(n.HandOvers(r.Context(), number(r, "pair")))
		answer(w, content, err)
	})
	mux.HandleFunc("GET /dualchain/finality/v1/follow/{epoch}", func(w http.ResponseWriter, r *http.Request) {
		content, err := list(n.Follow(r.Context(), number(r, "epoch")))
		answer(w, content, err)
	})
	mux.HandleFunc("GET /dualchain/finality/v1/certificates/{epoch}", func(w http.ResponseWriter, r *http.Request) {
		get := n.Newest
		certificate, err := get(r.Context())
		if r.PathValue("epoch") != "finalized" {
			certificate, err = n.Certificate(r.Context(), number(r, "epoch"))
		}
		encoded, encodeErr := certificate.Encode()
		answer(w, canonical{"canonical": encoded}, errors.Join(err, encodeErr))
	})
	mux.HandleFunc("GET /dualchain/checkpoint/v1/proofs/consistency", func(w http.ResponseWriter, r *http.Request) {
		path, err := n.Consistency(r.Context(), number(r, "from_size"), number(r, "to_size"))
		answer(w, map[string]any{"path": path}, err)
	})
	mux.HandleFunc("GET /dualchain/finality/v1/proofs/block/{height}", func(w http.ResponseWriter, r *http.Request) {
		proof, err := n.Prove(r.Context(), light.BlockRequest(number(r, "height")), number(r, "trust.epoch"), r.URL.Query().Get("trust.members") == "true")
		var encoded []byte
		if err == nil {
			encoded, err = proof.Encode()
		}
		answer(w, map[string]any{"proof": canonical{"canonical": encoded}}, err)
	})
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	h, err := provider.New(server.URL + "/")
	if err != nil {
		t.Fatal(err)
	}
	return h
}

func TestAClientOverHTTP(t *testing.T) {
	for name, following := range modes {
		t.Run(name, func(t *testing.T) {
			chain := rotating(4)
			other := chain.Fork()
			rotate(chain, 9)
			s := begin(t, following, chain, 0, lighttest.NewNode("unused", chain))
			s.nodes = []light.Provider{rest(t, lighttest.NewNode("behind", other)), rest(t, lighttest.NewNode("ahead", chain))}
			s.reopened().expect(chain.Head() - 1)
		})
	}
}

// get asks a client's server, and returns status and answer.
func get(t *testing.T, c *daemon.Client, path string) (int, string) {
	t.Helper()
	w := httptest.NewRecorder()
	c.Handler().ServeHTTP(w, httptest.NewRequest(http.MethodGet, path, http.NoBody))
	body, err := io.ReadAll(w.Body)
	if err != nil {
		t.Fatal(err)
	}
	return w.Code, string(body)
}

func TestTheServerTellsWhatIsVerified(t *testing.T) {
	chain := rotating(3)
	first := lighttest.NewNode("unused", chain)
	s := begin(t, false, chain, 2, first)
	s.nodes = []light.Provider{rest(t, first)}
	s.reopened().expect(chain.Head() - 1)
	rotate(chain, 9) // the node goes on; the client has not asked yet

	trusted := chain.Checkpoints[chain.Head()-4]
	status, body := get(t, s.client, "/finalized")
	var head daemon.Head
	if err := json.Unmarshal([]byte(body), &head); err != nil || status != http.StatusOK || head.Root != trusted.Root().String() ||
		head.Height != trusted.Height || head.Epoch != trusted.Epoch || head.BlockHash != trusted.BlockHash.String() {
		t.Errorf("expected epoch %d, found %d %s", trusted.Epoch, status, body)
	}
	status, body = get(t, s.client, "/trust")
	if trust, err := cert.DecodeJSON[cert.Trust]([]byte(body)); err != nil || status != http.StatusOK || trust.Checkpoint != trusted {
		t.Errorf("expected the trust in epoch %d, found %d %s, %v", trusted.Epoch, status, body, err)
	}
	trust, err := s.client.Trust()
	if err != nil {
		t.Fatal(err)
	}
	for name, height := range map[string]uint64{"under the trusted checkpoint": 3, "above it": trusted.Height + 1} {
		status, body := get(t, s.client, "/proofs/block/"+strconv.FormatUint(height, 10))
		var answer daemon.Verified
		if err := json.Unmarshal([]byte(body), &answer); err != nil || status != http.StatusOK || answer.Height != height || answer.Success != nil {
			t.Errorf("%s: expected block %d, found %d %s", name, height, status, body)
			continue
		}
		proof, err := cert.DecodeJSON[cert.Proof](answer.Proof)
		if err == nil {
			_, err = cert.VerifyProof(proof, chainID, trust, cert.BlockSubject(height), cert.Options{Now: time.UnixMilli(certtest.Genesis).Add(time.Minute), UnbondingTime: time.Hour})
		}
		if err != nil {
			t.Errorf("%s: expected a proof that holds, found %v", name, err)
		}
	}
	for path, want := range map[string]int{
		"/proofs/block/99999": http.StatusNotFound,
		"/proofs/block/x":     http.StatusBadRequest,
		"/proofs/tx/00":       http.StatusBadRequest,
		"/proofs/state/a/zz":  http.StatusBadRequest,
		"/nothing":            http.StatusNotFound,
	} {
		if status, body := get(t, s.client, path); status != want {
			t.Errorf("%s: expected status %d, found %d %s", path, want, status, body)
		}
	}
}

func TestAConflictIsAllThatIsServed(t *testing.T) {
	honest, other, _ := forked()
	s := begin(t, false, honest, 0, lighttest.NewNode("honest", honest), lighttest.NewNode("other", other))
	if _, err := s.update(); !errors.Is(err, light.ErrConflict) {
		t.Fatal(err)
	}
	for _, path := range []string{"/finalized", "/trust", "/healthz", "/nothing", "/proofs/block/1", "/proofs/tx/" + ffg.Root{}.String(), "/proofs/state/bank/00"} {
		if status, body := get(t, s.client, path); status != http.StatusServiceUnavailable || !strings.Contains(body, light.ErrConflict.Error()) {
			t.Errorf("%s: expected status 503 with the conflict, found %d %s", path, status, body)
		}
	}
}

func TestAnswersThatAreNone(t *testing.T) {
	for name, tc := range map[string]struct {
		status  int
		content string
		missing bool
		says    string
	}{
		"not there":      {404, `{"code":5,"message":"no such epoch","details":[]}`, true, "no such epoch"},
		"not yet":        {400, `{"code":9,"message":"not final","details":[]}`, true, "not final"},
		"broken":         {500, `{"code":13,"message":"oops","details":[]}`, false, "oops"},
		"another server": {404, "<html>", false, "expected status 200, found 404 Not Found"},
		"no JSON":        {200, "<html>", false, "expected JSON"},
		"no encoding":    {200, `{"canonical":"AAAA"}`, false, "trust_points"},
		"nothing at all": {200, `{}`, false, "trust_points"},
	} {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(tc.status)
			_, _ = io.WriteString(w, tc.content)
		}))
		h, err := provider.New(server.URL)
		if err != nil {
			t.Fatal(err)
		}
		_, err = h.TrustPoint(t.Context(), 1)
		if err == nil || errors.Is(err, light.ErrNotFound) != tc.missing || !strings.Contains(err.Error(), tc.says) {
			t.Errorf("%s: expected missing %t with %q, found %v", name, tc.missing, tc.says, err)
		}
		server.Close()
	}
	for _, address := range []string{"", "127.0.0.1:1317", "tcp://127.0.0.1:1317", "http://", "http://a?b=c", "http://u:p@a"} {
		if _, err := provider.New(address); err == nil {
			t.Errorf("%q: expected an error, found none", address)
		}
	}
}

func TestRunEndsWithWhatNoUpdateMends(t *testing.T) {
	honest, other, _ := forked()
	s := begin(t, false, honest, 0, lighttest.NewNode("honest", honest), lighttest.NewNode("other", other))
	if err := s.client.Run(t.Context(), time.Hour); !errors.Is(err, light.ErrConflict) {
		t.Errorf("expected %v, found %v", light.ErrConflict, err)
	}
	old, err := store.Create(t.TempDir(), store.Settings{ChainID: chainID, UnbondingTime: store.Duration(time.Hour)}, honest.Trust(1))
	if err != nil {
		t.Fatal(err)
	}
	if err := daemon.New(old, s.nodes, slog.New(slog.DiscardHandler)).Run(t.Context(), time.Hour); !errors.Is(err, cert.ErrExpired) {
		t.Errorf("expected %v, found %v", cert.ErrExpired, err)
	}
}

// serving is a node that gives one answer to everything.
func serving(t *testing.T, content string) *provider.HTTP {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, content) }))
	t.Cleanup(server.Close)
	h, err := provider.New(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	return h
}

func TestAnAnswerIsNoLongerThanAnHonestOne(t *testing.T) {
	encoded, err := rotating(1).Follow(0, 2).Encode()
	if err != nil {
		t.Fatal(err)
	}
	item := `{"canonical":"` + base64.StdEncoding.EncodeToString(encoded) + `"}`
	page := func(n int) string { return `{"hand_overs":[` + strings.Repeat(item+",", n-1) + item + `],"more":true}` }
	padded := func(size int) string { return page(1) + strings.Repeat(" ", size-len(page(1))) }
	for name, tc := range map[string]struct {
		content string
		items   int
		says    string // nothing if it is taken
	}{
		"nothing":               {`{"hand_overs":[],"more":false}`, 0, ""},
		"nothing, left out":     {`{}`, 0, ""},
		"a full page":           {page(1_000), 1_000, ""},
		"one more":              {page(1_001), 0, "expected at most 1000 hand-overs, found more"},
		"the most bytes":        {padded(8 << 20), 1, ""},
		"a byte more":           {padded(8<<20 + 1), 0, "expected at most 8388608 bytes, found more"},
		"no list":               {`{"hand_overs":{}}`, 0, "expected a list of hand-overs, found {"},
		"something else inside": {`{"hand_overs":[` + item + `,7]}`, 0, "hand-over 1: "},
		"an empty one inside":   {`{"hand_overs":[` + item + `,{}]}`, 0, "hand-over 1: "},
	} {
		found, _, err := serving(t, tc.content).HandOvers(t.Context(), 0)
		if len(found) != tc.items || tc.says == "" && err != nil || tc.says != "" && (err == nil || !strings.Contains(err.Error(), tc.says)) {
			t.Errorf("%s: expected %d hand-overs, %q, found %d, %v", name, tc.items, tc.says, len(found), err)
		}
	}
}

func TestAnAnswerTakesNoMoreMemoryThanItIsLong(t *testing.T) {
	h := serving(t, `{"hand_overs":[{}`+strings.Repeat(",{}", 2<<20)+"]}")
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	_, _, err := h.HandOvers(t.Context(), 0)
	runtime.ReadMemStats(&after)
	if _, refused := cert.FailedStep(err); !refused {
		t.Errorf("expected what is no hand-over refused, found %v", err)
	}
	if allotted := (after.TotalAlloc - before.TotalAlloc) >> 20; allotted > 100 {
		t.Errorf("expected at most 100 MiB for an answer of 6 MiB, counted with all that is freed again, found %d", allotted)
	}
}

// The reason decides, not the node's words; without a reason, the code does.
func TestARefusalIsReadByItsReason(t *testing.T) {
	detail := func(domain string, r reason.Reason) string {
		return `{"@type":"type.googleapis.com/google.rpc.ErrorInfo","reason":"` + string(r) + `","domain":"` + domain + `","metadata":{}}`
	}
	for _, text := range []string{"not final", "is to come", "no se encuentra"} {
		for name, tc := range map[string]struct {
			code            int
			details         string
			missing, notYet bool
		}{
			"not final":                        {9, detail(reason.Domain, reason.BlockNotFinal), true, true},
			"to come":                          {9, detail(reason.Domain, reason.BlockToCome), true, true},
			"nothing final":                    {9, detail(reason.Domain, reason.NothingFinal), true, true},
			"an epoch that is not final":       {5, detail(reason.Domain, reason.EpochNotFinal), true, true},
			"pruned":                           {5, detail(reason.Domain, reason.NotKept), true, false},
			"not on this node":                 {9, detail(reason.Domain, reason.NodeLacks), true, false},
			"no such transaction":              {5, detail(reason.Domain, reason.TxNotFound), true, false},
			"malformed":                        {3, detail(reason.Domain, reason.InvalidRequest), false, false},
			"after another detail":             {9, `{"@type":"x"},` + detail(reason.Domain, reason.BlockNotFinal), true, true},
			"another domain":                   {9, detail("example.com", reason.BlockNotFinal), true, false},
			"an unknown reason":                {9, detail(reason.Domain, "SOMETHING"), true, false},
			"no reason, a missing thing":       {5, "", true, false},
			"no reason, a failed precondition": {9, "", true, false},
			"no reason, a failure":             {13, "", false, false},
		} {
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				w.WriteHeader(http.StatusBadRequest)
				_, _ = fmt.Fprintf(w, `{"code":%d,"message":%q,"details":[%s]}`, tc.code, text, tc.details)
			}))
			h, err := provider.New(server.URL)
			if err != nil {
				t.Fatal(err)
			}
			_, err = h.TrustPoint(t.Context(), 1)
			if errors.Is(err, light.ErrNotFound) != tc.missing || errors.Is(err, light.ErrNotFinal) != tc.notYet || !strings.Contains(err.Error(), text) {
				t.Errorf("%s: expected missing %t, not yet %t, found %v", name, tc.missing, tc.notYet, err)
			}
			server.Close()
		}
	}
}

// A node's text goes to the log and to our clients.
func TestANodesWordsAreFew(t *testing.T) {
	long := strings.Repeat("a", 1<<20)
	for name, body := range map[string]string{"a message": `{"code":13,"message":"` + long + `"}`, "a page": long} {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(http.StatusInternalServerError)
			_, _ = io.WriteString(w, body)
		}))
		defer server.Close()
		node, err := provider.New(server.URL)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := node.TrustPoint(t.Context(), 0); err == nil || len(err.Error()) > 1000 {
			t.Errorf("%s: expected a short error, found %.100v", name, err)
		}
	}
}
