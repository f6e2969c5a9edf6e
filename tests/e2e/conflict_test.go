package e2e

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/dualchain/dualchain/core/bls"
	"github.com/dualchain/dualchain/core/cert"
	"github.com/dualchain/dualchain/core/ffg"
	"github.com/dualchain/dualchain/core/light"
	"github.com/dualchain/dualchain/light/provider"
	"github.com/dualchain/dualchain/tests/e2e/harness"
	"github.com/dualchain/dualchain/voter/home"
	"github.com/dualchain/dualchain/voter/keys"
)

// get reads JSON, and reports whether the answer was status 200.
func get(ctx context.Context, url string, answer any) (bool, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, http.NoBody)
	if err != nil {
		return false, err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return false, err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil || response.StatusCode != http.StatusOK {
		return false, fmt.Errorf("status %s: %s: %w", response.Status, body, err)
	}
	return true, json.Unmarshal(body, answer)
}

// secrets loads the voting keys of a local network's voters.
func secrets(t *testing.T, n *harness.Net, names ...string) (out []*bls.SecretKey) {
	t.Helper()
	for _, name := range names {
		dir := home.Dir(n.Process(name).Home)
		config, err := dir.LoadConfig()
		if err != nil {
			t.Fatal(err)
		}
		password, err := dir.Password(context.Background(), config.PasswordFile)()
		if err != nil {
			t.Fatal(err)
		}
		secret, err := keys.Load(context.Background(), dir.Keys(), home.DefaultKey, password)
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, secret)
	}
	return out
}

// forge returns the hand-over that finalizes another block after a trusted checkpoint, signed by these keys.
func forge(t *testing.T, chainID string, trust cert.Trust, signers []*bls.SecretKey) cert.HandOver {
	t.Helper()
	link := func(source, parent ffg.Checkpoint) cert.Link {
		target := parent
		target.Epoch, target.ParentRoot = parent.Epoch+1, parent.Root()
		target.Height, target.HistorySize, target.Time = parent.Height+1, parent.HistorySize+1, parent.Time+1
		target.BlockHash, target.HistoryRoot = ffg.Root{0xf0, byte(target.Epoch)}, ffg.Root{0xf1, byte(target.Epoch)}
		vote := ffg.Vote{Source: source.Ref(), Target: target.Ref()}
		bits := ffg.NewBitfield(len(trust.Voters))
		var signatures [][bls.SignatureSize]byte
		for _, secret := range signers {
			position, member := trust.Voters.Position(secret.PublicKey().Bytes())
			if !member {
				t.Fatal("expected a voter of the pair")
			}
			bits.Set(position)
			signatures = append(signatures, secret.Sign(vote.SigningRoot(ffg.Domain(chainID))))
		}
		signature, err := bls.Aggregate(signatures...)
		if err != nil {
			t.Fatal(err)
		}
		return cert.NewLink(target, ffg.AggregateVote{Vote: vote, Signers: bits, Signature: signature})
	}
	first := link(trust.Checkpoint, trust.Checkpoint)
	second := link(first.Target, first.Target)
	return cert.HandOver{Certificate: cert.Certificate{First: trust.Checkpoint, Links: []cert.Link{first, second}}}
}

func TestAConflictShownToAFollowingClientSlashesTheGuilty(t *testing.T) {
	n := harness.Start(t, bin, "--validators", "1", "--voters", "4", "--interval", "1", "--block-time", "400ms", "--unbonding-time", "1h", "--set-period", "10000")
	node, rest, chainID := n.Node("validator-0"), n.Process("validator-0").REST, n.Status().ChainID
	node.AwaitFinalized(4, time.Minute)

	// Three of four sign another block after epoch 2. The chain never sees it.
	provider, err := provider.New(rest)
	if err != nil {
		t.Fatal(err)
	}
	trust, err := provider.TrustPoint(t.Context(), 2)
	if err != nil {
		t.Fatal(err)
	}
	fork, err := forge(t, chainID, trust, secrets(t, n, "voter-0", "voter-1", "voter-2")).Encode()
	if err != nil {
		t.Fatal(err)
	}
	liar := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		if err := json.NewEncoder(w).Encode(map[string]any{"hand_overs": []map[string][]byte{{"canonical": fork}}, "more": false}); err != nil {
			t.Error(err)
		}
	}))
	defer liar.Close()

	// A client that sees both stops. It knows who signed both.
	folder := n.Beside("light")
	out, err := n.Command(t.Context(), "light", "--home", folder, "--following", "--listen", "",
		"--unbonding-time", "1h", "--trust", trustIn(t, node, 2), "--node", rest, "--node", liar.URL)
	if err == nil || !strings.Contains(err.Error(), "two valid certificates conflict") || !strings.Contains(err.Error(), "3 voters guilty") {
		t.Fatalf("expected the client to stop with three guilty, found %v\n%s", err, out)
	}
	file := folder + "/conflict.json"
	content, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	conflict, err := light.ReadConflict(content)
	if err != nil || conflict.Mode != "following" || len(conflict.Dispute.Evidence) == 0 {
		t.Fatalf("expected evidence in %s, found %v", file, err)
	}

	// The chain slashes only these voters.
	n.Tx(node, "alice", "finality", "submit-evidence", file)
	var tombstoned []string
	for _, name := range []string{"voter-0", "voter-1", "voter-2", "voter-3"} {
		v, err := node.Voter(t.Context(), n.Process(name).Operator)
		if err != nil {
			t.Fatal(err)
		}
		if v.Voter.Tombstoned {
			tombstoned = append(tombstoned, name)
		}
	}
	if want := []string{"voter-0", "voter-1", "voter-2"}; !slices.Equal(tombstoned, want) {
		t.Errorf("expected %v slashed, found %v", want, tombstoned)
	}
	// The stop is permanent: a client that starts again reports the same conflict.
	if out, err := n.Command(t.Context(), "light", "--home", folder, "--listen", "", "--node", rest); err == nil || !strings.Contains(err.Error(), "conflict.json") {
		t.Errorf("expected the client to stay stopped, found %v\n%s", err, out)
	}
}
