package e2e

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/dualchain/dualchain/internal/duration"
	"github.com/dualchain/dualchain/localnet"
	"github.com/dualchain/dualchain/tests/e2e/harness"
	"github.com/dualchain/dualchain/voter/home"
)

// A voter in trouble reports what is wrong and does not vote. When the trouble is over it votes again, without a restart
// unless it could not start. Each trouble has its own voter. Together these voters have less than a third of the power.
func TestAVoterInTrouble(t *testing.T) {
	t.Parallel()
	troubles := []struct {
		name string
		make func(*testing.T, troubled)
	}{
		{"wrong password", wrongPassword},
		{"a second process", secondProcess},
		{"writes fail", writesFail},
		{"full disk", fullDisk},
		{"read-only disk", readOnlyDisk},
		{"its node is killed", nodeKilled},
		{"the first of two nodes is killed", failover},
		{"its signer is killed", signerKilled},
		{"an old copy elsewhere", oldCopy},
	}
	const sound = 3
	powers := []string{"100", "100", "100"}
	for range troubles {
		powers = append(powers, "10")
	}
	n := harness.Start(t, bin, "--validators", "1", "--voters", strconv.Itoa(len(powers)), "--voter-power", strings.Join(powers, ","),
		"--interval", "1", "--block-time", "500ms", "--era-length", "10000")
	node := n.Node("validator-0")
	node.AwaitFinalized(2, time.Minute)
	from := node.MustHeads().Head.Epoch
	t.Run("trouble", func(t *testing.T) {
		for i, trouble := range troubles {
			t.Run(trouble.name, func(t *testing.T) {
				t.Parallel()
				on := &harness.Net{TB: t, Bin: n.Bin, Home: n.Home} // its processes stop at the end of the subtest
				voter := on.Process(fmt.Sprintf("voter-%d", sound+i))
				on.Localnet("kill", voter.Name)
				trouble.make(t, troubled{Net: on, voter: voter, node: on.Node("validator-0")})
			})
		}
	})
	everythingIsFinal(n, node, from, node.MustHeads().Head.Epoch)
	noEquivocation(n, node)
}

// troubled is a network with a stopped voter.
type troubled struct {
	*harness.Net
	voter localnet.ProcessStatus
	node  *harness.Node
}

// start starts the voter from a home with its files.
func (n troubled) start(dir string, flags ...string) *harness.Process {
	n.Helper()
	name := n.voter.Name + "-in-" + filepath.Base(filepath.Dir(dir))
	return n.Spawn(name, append([]string{"voter", "start", "--home", dir}, flags...)...)
}

// addNode adds a node for the voter.
func (n troubled) addNode() localnet.ProcessStatus {
	n.Helper()
	return n.Process(strings.TrimSpace(string(n.Localnet("add-node"))))
}

// votes waits until the chain has a new vote of the voter.
func (n troubled) votes() {
	n.Helper()
	awaitSignedAfter(n.Net, n.node, n.node.MustHeads().Head.Epoch, n.voter.PubKey)
}

// votesNot fails if the chain has a vote for one of the next epochs. A vote that was on its way may still arrive.
func (n troubled) votesNot() {
	n.Helper()
	const way, epochs = 2, 4
	first := n.node.MustHeads().Head.Epoch + 1 + way
	n.node.AwaitFinalized(first+epochs, time.Minute)
	for epoch := first; epoch < first+epochs; epoch++ {
		if _, signed, err := place(n.Context(), n.node, epoch, n.voter.PubKey); err != nil || signed {
			n.Errorf("epoch %d: expected no vote, found one: %t, %v", epoch, signed, err)
		}
	}
}

func wrongPassword(t *testing.T, n troubled) {
	file := filepath.Join(n.voter.Home, "password")
	password, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	write := func(content []byte) {
		t.Helper()
		if err := os.WriteFile(file, content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write([]byte("a guess\n"))
	client := n.start(n.voter.Home)
	client.Refuses("password")
	write(password)
	client.Start()
	n.votes()
}

func secondProcess(_ *testing.T, n troubled) {
	n.start(n.voter.Home)
	n.votes()
	n.Spawn("second", "voter", "start", "--home", n.voter.Home).Refuses("in use by another process", n.voter.Home)
	n.votes()
}

func writesFail(_ *testing.T, n troubled) {
	client := n.start(n.voter.Home)
	n.votes()
	client.WritesFail(true)
	client.Says("slashing protection can't be stored")
	n.votesNot()
	client.WritesFail(false)
	n.votes()
}

// A journal reserves its space at the start, so a full disk stops only a voter that begins a new journal.
func fullDisk(_ *testing.T, n troubled) {
	disk := n.SmallDisk("full")
	dir := n.CopyHome(n.voter.Home, disk.Path)
	n.Adopt(dir)
	client := n.start(dir)
	n.votes()
	disk.Fill()
	n.votes()
	client.Kill()
	client.Start()
	client.Says("slashing protection can't be stored", "no space left")
	n.votesNot()
	disk.Empty()
	n.votes()
}

func readOnlyDisk(_ *testing.T, n troubled) {
	disk := n.SmallDisk("read-only")
	dir := n.CopyHome(n.voter.Home, disk.Path)
	n.Adopt(dir)
	disk.ReadOnly(true)
	client := n.start(dir)
	client.Says("slashing protection can't be stored", "read-only")
	n.votesNot()
	disk.ReadOnly(false)
	n.votes()
}

func nodeKilled(_ *testing.T, n troubled) {
	follows := n.addNode()
	client := n.start(n.voter.Home, "--grpc", follows.GRPC, "--rpc", follows.RPC)
	n.votes()
	n.Localnet("kill", follows.Name)
	client.Says("lost the node's events")
	n.votesNot()
	n.Localnet("restart", follows.Name)
	n.votes()
}

func failover(_ *testing.T, n troubled) {
	first, second := n.addNode(), n.Process("validator-0")
	n.Configure(n.voter.Home, func(c *home.Config) {
		c.StallAfter = duration.Text(2 * time.Second)
		c.Nodes = []home.NodeConfig{{GRPC: first.GRPC, RPC: first.RPC}, {GRPC: second.GRPC, RPC: second.RPC}}
	})
	n.start(n.voter.Home)
	n.votes()
	n.Localnet("kill", first.Name)
	n.votes()
	n.votes()
	n.Localnet("restart", first.Name)
	n.votes()
}

func signerKilled(_ *testing.T, n troubled) {
	signer := n.Signer(n.voter.Home, "remote")
	client := n.Spawn("remote", "voter", "start", "--home", signer.Client("remote"))
	n.votes()
	n.Spawn("local", "voter", "start", "--home", n.voter.Home).Refuses("in use by another process")
	signer.Kill()
	client.Says("no answer from the signer")
	n.votesNot()
	signer.Start()
	n.votes()
}

// The operator restores yesterday's backup on a second machine. Its slashing protection lacks the votes since then: only
// the chain itself has them.
func oldCopy(t *testing.T, n troubled) {
	backup := n.CopyHome(n.voter.Home, n.Beside("backup"))
	n.start(n.voter.Home)
	n.votes()
	n.node.AwaitFinalized(n.node.MustHeads().Head.Epoch+4, time.Minute)
	n.Spawn("copy", "voter", "start", "--home", backup).Refuses("slashing protection was copied")
	n.Adopt(backup) // a promise that is not true
	faces := n.TwoFaced("validator-0", 0)
	n.start(backup, "--grpc", faces.Address).Says("another machine votes with this key")
	n.votes()
	if sent, _ := faces.Votes(); len(sent) > 0 {
		t.Errorf("expected no votes of the copy, found %v", sent)
	}
}
