package voter_test

import (
	"os/exec"
	"slices"
	"strings"
	"testing"
)

// list runs go list and returns its lines.
func list(t *testing.T, args ...string) []string {
	t.Helper()
	out, err := exec.Command("go", append([]string{"list"}, args...)...).Output()
	if err != nil {
		t.Fatalf("go list %v: %v", args, err)
	}
	return strings.Fields(string(out))
}

func TestTheVoterImportsNoKeeper(t *testing.T) {
	for _, dep := range list(t, "-deps", ".") {
		if strings.Contains(dep, "/keeper") || strings.HasPrefix(dep, "github.com/dualchain/dualchain/app") {
			t.Errorf("the voter client depends on %s", dep)
		}
	}
}

func TestOnlyWatchSpeaksToCometBFT(t *testing.T) {
	for _, line := range list(t, "-f", `{{$p := .ImportPath}}{{range .Imports}}{{$p}}->{{.}} {{end}}`, ".", "./guard", "./keys", "./sign", "./submit") {
		if _, imported, _ := strings.Cut(line, "->"); strings.HasPrefix(imported, "github.com/cometbft/cometbft") {
			t.Errorf("expected CometBFT in watch only, found %s", line)
		}
	}
}

// What touches secrets depends on little: on neither the SDK nor CometBFT.
func TestWhatTouchesSecretsDependsOnLittle(t *testing.T) {
	allowed := []string{
		"github.com/dualchain/dualchain/", "github.com/supranational/blst", "golang.org/x/sys",
		"github.com/cosmos/go-bip39", "golang.org/x/crypto", "golang.org/x/term", "golang.org/x/text", // of keys
	}
	for _, dep := range list(t, "-deps", "./guard", "./keys", "./keymanager", "./sign") {
		first, _, _ := strings.Cut(dep, "/")
		standard := !strings.Contains(first, ".") || strings.HasPrefix(dep, "vendor/")
		if !standard && !slices.ContainsFunc(allowed, func(prefix string) bool { return strings.HasPrefix(dep, prefix) }) {
			t.Errorf("a stage with secrets depends on %s", dep)
		}
	}
}
