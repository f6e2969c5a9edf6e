package daemon_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/dualchain/dualchain/core/cert"
	"github.com/dualchain/dualchain/core/cert/certtest"
	"github.com/dualchain/dualchain/core/ffg"
	"github.com/dualchain/dualchain/core/light"
	"github.com/dualchain/dualchain/core/light/lighttest"
	"github.com/dualchain/dualchain/core/reason"
	"github.com/dualchain/dualchain/light/daemon"
	"github.com/dualchain/dualchain/light/provider"
)

// refusing is a node that answers everything with a status of gRPC, and a reason unless that is empty.
func refusing(t *testing.T, code int, why reason.Reason, message string) *provider.HTTP {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusTeapot) // the status must not matter
		_, _ = fmt.Fprintf(w, `{"code":%d,"message":%q,"details":[{"reason":%q,"domain":%q}]}`, code, message, why, reason.Domain)
	}))
	t.Cleanup(server.Close)
	h, err := provider.New(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	return h
}

// codeOf returns the code of an error's answer.
func codeOf(t *testing.T, body string) string {
	t.Helper()
	var answer struct{ Code, Error string }
	if err := json.Unmarshal([]byte(body), &answer); err != nil || answer.Error == "" {
		t.Errorf("expected JSON with an error, found %s", body)
	}
	return answer.Code
}

func TestErrorsAreToldApartByStatusAndCode(t *testing.T) {
	chain := rotating(1)
	unknown := refusing(t, 5, reason.TxNotFound, "no transaction 00 in the blocks from 1 to 9, which this node has")
	justified := refusing(t, 9, reason.BlockNotFinal, "block 7, which the proof needs, is justified, not final: the finalized head is block 5; expected in 2 blocks")
	toCome := refusing(t, 9, reason.BlockToCome, "block 99, which the proof needs, is to come: the latest is 9, the finalized head block 7")
	nothing := refusing(t, 9, reason.NothingFinal, "no block above the anchor is final yet")
	pruned := refusing(t, 9, reason.NodeLacks, "this node lacks block 3, which another may have; it was pruned or state-synced and has blocks 5 to 9")
	below := refusing(t, 11, reason.OutOfRange, "height: expected 1 to 9, the blocks of this history; found 0")
	long := refusing(t, 3, reason.InvalidRequest, "key: expected 2 to 2048 hexadecimal digits, found 5000 characters")
	broken := refusing(t, 13, "", "oops")
	for name, tc := range map[string]struct {
		nodes  []light.Provider
		status int
		code   string
	}{
		"never heard of":                {[]light.Provider{unknown}, 404, "not_found"},
		"justified":                     {[]light.Provider{justified}, 409, "not_final"},
		"to come":                       {[]light.Provider{toCome}, 409, "not_final"},
		"nothing is final":              {[]light.Provider{nothing}, 409, "not_final"},
		"pruned":                        {[]light.Provider{pruned}, 404, "not_found"},
		"no such block":                 {[]light.Provider{below}, 400, "invalid"},
		"too long":                      {[]light.Provider{long}, 400, "invalid"},
		"broken":                        {[]light.Provider{broken}, 502, "unproven"},
		"one hasn't heard of it":        {[]light.Provider{unknown, justified}, 409, "not_final"},
		"one lies that it can never be": {[]light.Provider{long, justified}, 409, "not_final"},
		"one is broken":                 {[]light.Provider{broken, unknown}, 404, "not_found"},
	} {
		s := begin(t, false, chain, 0, lighttest.NewNode("unused", chain))
		s.nodes = tc.nodes
		status, body := get(t, s.reopened().client, "/proofs/tx/"+ffg.Root{}.String())
		if code := codeOf(t, body); status != tc.status || code != tc.code {
			t.Errorf("%s: expected %d %s, found %d %s", name, tc.status, tc.code, status, body)
		}
	}
}

func TestWhatTheServerDoesntHaveIsJSONToo(t *testing.T) {
	chain := rotating(1)
	s := begin(t, false, chain, 0, lighttest.NewNode("a", chain))
	for path, want := range map[string]string{"/": "unknown_path", "/nothing": "unknown_path", "/proofs/tx": "unknown_path", "/proofs/tx/00": "invalid"} {
		if _, body := get(t, s.client, path); codeOf(t, body) != want {
			t.Errorf("%s: expected %s, found %s", path, want, body)
		}
	}
	w := httptest.NewRecorder()
	s.client.Handler().ServeHTTP(w, httptest.NewRequest(http.MethodPost, "/finalized", http.NoBody))
	if code := codeOf(t, w.Body.String()); w.Code != http.StatusMethodNotAllowed || code != "method" {
		t.Errorf("expected 405 method, found %d %s", w.Code, w.Body)
	}
}

func TestAServedProofNeedsOnlyTheTrustBesideIt(t *testing.T) {
	chain := rotating(2)
	n := lighttest.NewNode("a", chain)
	s := begin(t, false, chain, 2, n)
	s.expect(chain.Head() - 1)
	_, body := get(t, s.client, "/proofs/block/1")
	var answer daemon.Verified
	if err := json.Unmarshal([]byte(body), &answer); err != nil {
		t.Fatal(err)
	}
	trusted := chain.Checkpoints[chain.Head()-1]
	if want := fmt.Sprintf("%d:%s", trusted.Epoch, trusted.Root()); answer.Trust != want {
		t.Errorf("expected trust %s, found %s", want, answer.Trust)
	}
	proof, err := cert.DecodeJSON[cert.Proof](answer.Proof)
	if err != nil || proof.Trust == nil {
		t.Fatalf("expected a proof with its trust, found %v", err)
	}
	err = proof.Trust.At(trusted.Ref())
	if err == nil {
		_, err = cert.VerifyProof(proof, chainID, *proof.Trust, cert.Subject{}, cert.Options{Now: time.UnixMilli(certtest.Genesis).Add(time.Minute), UnbondingTime: time.Hour})
	}
	if err != nil {
		t.Errorf("expected a proof that holds from the trust in it, found %v", err)
	}
}

func TestTheServerSaysWhetherItKeepsUp(t *testing.T) {
	chain := rotating(1)
	n := lighttest.NewNode("a", chain)
	synctest.Test(t, func(t *testing.T) {
		s := begin(t, false, chain, 0, n)
		s.timed = true
		s.reopened()
		health := func(want int, says string) {
			t.Helper()
			if status, body := get(t, s.client, "/healthz"); status != want || !strings.Contains(body, says) || want != 200 && codeOf(t, body) != "stale" {
				t.Errorf("expected status %d with %q, found %d %s", want, says, status, body)
			}
		}
		head := func(updated, failed string) {
			t.Helper()
			if found, err := s.client.Head(); err != nil || found.LastUpdate != updated || !strings.Contains(found.LastError, failed) || failed == "" && found.LastError != "" {
				t.Errorf("expected the last update at %q with error %q, found %+v, %v", updated, failed, found, err)
			}
		}
		run := func(d time.Duration) { // on the bubble's clock
			ctx, cancel := context.WithTimeout(t.Context(), d)
			defer cancel()
			if err := s.client.Run(ctx, 10*time.Second); err != nil {
				t.Error(err)
			}
		}
		health(503, "found none yet")
		head("", "")
		start := time.Now()
		run(time.Second)
		health(200, "ok")
		head(start.UTC().Format(time.RFC3339Nano), "")
		n.Down = true
		run(89 * time.Second) // three intervals and a minute after the last update
		health(200, "ok")
		head(start.UTC().Format(time.RFC3339Nano), lighttest.ErrDown.Error())
		run(time.Second)
		health(503, lighttest.ErrDown.Error())
		n.Down = false
		run(time.Second)
		health(200, "ok")
	})
}

func TestAnUnbondingTimeIsReadFromTheParams(t *testing.T) {
	for content, want := range map[string]time.Duration{
		`{"params":{"unbonding_time":"120s"}}`:     2 * time.Minute,
		`{"params":{"unbonding_time":"1814400s"}}`: 504 * time.Hour,
		`{"params":{"unbonding_time":"0s"}}`:       0,
		`{"params":{"unbonding_time":"-1s"}}`:      0,
		`{"params":{"unbonding_time":"soon"}}`:     0,
		`{"params":{}}`:                            0,
		`{}`:                                       0,
	} {
		if found, err := serving(t, content).UnbondingTime(t.Context()); found != want || (err == nil) != (want > 0) {
			t.Errorf("%s: expected %s, found %s, %v", content, want, found, err)
		}
	}
}

func TestAPortThatIsNotRESTIsAskedAbout(t *testing.T) {
	server := httptest.NewServer(http.NotFoundHandler())
	defer server.Close()
	h, err := provider.New(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := h.ChainID(t.Context()); err == nil || !strings.Contains(err.Error(), "is this the REST address") {
		t.Errorf("expected the question whether it is the REST address, found %v", err)
	}
}

func TestANodeThatIsNotThereIsNamedWithOnePath(t *testing.T) {
	chain := rotating(1)
	s := begin(t, false, chain, 0, lighttest.NewNode("unused", chain))
	server := httptest.NewServer(http.NotFoundHandler())
	server.Close()
	h, err := provider.New(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	s.nodes = []light.Provider{h}
	if _, body := get(t, s.reopened().client, "/proofs/block/1"); strings.Count(body, "proofs/block/1?trust.epoch=0&trust.members=false") != 1 || codeOf(t, body) != "unproven" {
		t.Errorf("expected the path once, found %s", body)
	}
}

func TestServeAnswersAtItsListenerUntilItsContextEnds(t *testing.T) {
	chain := rotating(1)
	s := begin(t, false, chain, 0, lighttest.NewNode("a", chain))
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	served := make(chan error, 1)
	ctx, cancel := context.WithCancel(t.Context())
	go func() { served <- s.client.Serve(ctx, listener) }()
	response, err := http.Get("http://" + listener.Addr().String() + "/finalized")
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	if body, err := io.ReadAll(response.Body); err != nil || response.StatusCode != http.StatusOK {
		t.Errorf("expected status 200, found %d %s, %v", response.StatusCode, body, err)
	}
	cancel()
	if err := <-served; err != nil {
		t.Errorf("expected it to end without an error, found %v", err)
	}
}
