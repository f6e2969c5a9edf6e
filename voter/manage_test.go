package voter_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/dualchain/dualchain/core/bls"
	"github.com/dualchain/dualchain/core/ffg"
	"github.com/dualchain/dualchain/voter/event"
	"github.com/dualchain/dualchain/voter/guard"
	"github.com/dualchain/dualchain/voter/keymanager"
	"github.com/dualchain/dualchain/voter/keys"
)

// managed starts the voter with the keymanager API and returns how to ask it.
func (f *fixture) managed() func(method string, body any) string {
	f.t.Helper()
	f.config.Keymanager.Listen = "127.0.0.1:0"
	_, rest, _ := strings.Cut(f.start().said(event.KeymanagerStarted.String()), "address=")
	address, _, _ := strings.Cut(rest, " ")
	f.said(event.Listening.String())
	return f.manager(address)
}

// manager asks the keymanager API of the home about one key, and returns all that the answer says of it.
func (f *fixture) manager(address string) func(method string, body any) string {
	f.t.Helper()
	token, err := os.ReadFile(filepath.Join(string(f.dir), keymanager.TokenFile))
	f.require("read token", err, nil)
	return func(method string, body any) string {
		f.t.Helper()
		content, err := json.Marshal(body)
		f.require("encode request", err, nil)
		request, err := http.NewRequest(method, "http://"+address+keymanager.Path, bytes.NewReader(content))
		f.require("make request", err, nil)
		request.Header.Set("Authorization", "Bearer "+strings.TrimSpace(string(token)))
		answer, err := http.DefaultClient.Do(request)
		f.require("ask", err, nil)
		defer answer.Body.Close()
		var found struct {
			Data       []struct{ Status, Message string }
			Protection string `json:"slashing_protection"`
		}
		if err := json.NewDecoder(answer.Body).Decode(&found); err != nil || len(found.Data) != 1 {
			f.t.Fatalf("%d %+v, %v", answer.StatusCode, found, err)
		}
		return found.Data[0].Status + found.Data[0].Message + found.Protection
	}
}

func TestAKeyThatComesVotesAndOneThatGoesDoesNot(t *testing.T) {
	f := newFixture(t, 1)
	secret, err := bls.KeyFromSeed(make([]byte, bls.MinSeedSize))
	f.require("key", err, nil)
	public := ffg.PublicKey(secret.PublicKey().Bytes())
	keystore, err := keys.Encode(context.Background(), secret, []byte("another password"), keys.SaveOptions{Cost: keys.Light})
	f.require("keystore", err, nil)

	empty := f.elsewhere() // no keys, no guard
	ask := empty.managed()
	f.node.Grow()
	history := func(targets string) string {
		return fmt.Sprintf(`{"metadata":{"interchange_format_version":"5","genesis_validators_root":"0x%s"},"data":[{"pubkey":"0x%s","signed_blocks":[],"signed_attestations":[%s]}]}`,
			ffg.Domain(chainID), public, targets)
	}
	post := map[string]any{"keystores": []string{string(keystore)}, "passwords": []string{"another password"}, "slashing_protection": history("")}
	if status := ask(http.MethodPost, post); status != keymanager.Imported {
		t.Fatalf("expected %s, found %s", keymanager.Imported, status)
	}
	empty.votesFor(2)
	gone := ask(http.MethodDelete, map[string]any{"pubkeys": []string{"0x" + public.String()}})
	if !strings.HasPrefix(gone, keymanager.Deleted) || !strings.Contains(gone, `"target_epoch": "2"`) {
		t.Fatalf("expected %s with the last vote, found %s", keymanager.Deleted, gone)
	}
	f.node.Grow()
	empty.said(event.KeyRemoved.String())
	if left := len(f.node.Votes()); left != 0 {
		t.Errorf("expected no vote any more, found %d", left)
	}
	post["slashing_protection"] = history(`{"source_epoch":"2","target_epoch":"4"}`)
	if status := ask(http.MethodPost, post); status != keymanager.Imported {
		t.Fatalf("expected %s, found %s", keymanager.Imported, status)
	}
	f.node.Grow() // epoch 4 was voted for elsewhere
	empty.said(event.NotVoting.String(), "code=guard_")
	empty.stop()

	empty.config.Keymanager.Listen = ""
	empty.listening() // a restart finds the key, under the home's password
	empty.votesFor(5)
	empty.stop()
	_, err = guard.Open(filepath.Join(string(empty.dir), guard.FileName))
	f.require("the guard is closed", err, nil)
}

func TestTheKeymanagerNeedsAPasswordThatNobodyTypes(t *testing.T) {
	f := newFixture(t, 1).elsewhere()
	f.config.PasswordFile, f.config.Keymanager.Listen = "", "127.0.0.1:0"
	t.Setenv(keys.PasswordEnv, "")
	if err := f.start().end(); !errors.Is(err, keys.ErrNoPassword) {
		t.Errorf("expected %v, found %v", keys.ErrNoPassword, err)
	}
}

func TestASignersKeysAreManagedToo(t *testing.T) {
	r := newRemote(t)
	free, err := net.Listen("tcp", "127.0.0.1:0")
	r.require("find a port", err, nil)
	r.signer.Keymanager.Listen = free.Addr().String()
	r.require("free it", free.Close(), nil)
	r.serve()
	f := r.voter("a", r.node).listening()
	f.votesFor(1)
	infos, err := keys.List(r.dir.Keys())
	r.require("list keys", err, nil)
	gone := r.manager(r.signer.Keymanager.Listen)(http.MethodDelete, map[string]any{"pubkeys": []string{infos[0].PubKey}})
	if !strings.HasPrefix(gone, keymanager.Deleted) {
		t.Errorf("expected %s, found %s", keymanager.Deleted, gone)
	}
	r.node.Grow()
	f.said(event.KeyRemoved.String())
	f.stop()
}
