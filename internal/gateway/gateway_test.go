package gateway_test

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/grpc-ecosystem/grpc-gateway/runtime"

	"github.com/dualchain/dualchain/internal/gateway"
)

func TestMountedPathsReachTheHandlerUnchanged(t *testing.T) {
	var found string
	mux := runtime.NewServeMux()
	err := gateway.Mount(mux, "dualchain/finality", http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		found = r.URL.Path + "?" + r.URL.RawQuery
	}))
	if err != nil {
		t.Fatal(err)
	}
	for path, reaches := range map[string]bool{
		"/dualchain/finality/v1/params":               true,
		"/dualchain/finality/v1/voters/a/duty?era=7":  true,
		"/dualchain/finality/v1/proofs/state/x/ab:cd": true,
		"/dualchain/checkpoint/v1/params":             false,
		"/dualchain":                                  false,
		"/cosmos/bank/v1beta1/params":                 false,
	} {
		found = ""
		answer := httptest.NewRecorder()
		mux.ServeHTTP(answer, httptest.NewRequest(http.MethodGet, path, nil))
		if expected := path; reaches && found != expected && found != expected+"?" {
			t.Errorf("%s: expected it to reach the handler, found %q", path, found)
		}
		if !reaches && (found != "" || answer.Code != http.StatusNotFound) {
			t.Errorf("%s: expected status 404, found %d from %q", path, answer.Code, found)
		}
	}
}
