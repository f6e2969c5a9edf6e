package localnet

import (
	"context"
	"fmt"
	"io"
	"strings"
	"time"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/cosmos/cosmos-sdk/codec"
)

// OpenAPIPath is the path at which a node's REST server shows its interface.
const OpenAPIPath = "/openapi/"

// Banner writes the addresses, the accounts and the next commands of a network. program is the name by which dualchaind
// was called. homeFlag is the flag that points its commands to this home, or "" if they need none.
func Banner(w io.Writer, n *Network, cdc codec.Codec, program, homeFlag string) error {
	kr, err := openKeyring(cdc, n.ClientHome())
	if err != nil {
		return err
	}
	first := n.describe([]ProcessState{{Name: n.Nodes[0].Name}})[0]
	var b strings.Builder
	row := func(label, value string) { fmt.Fprintf(&b, "  %-9s %s\n", label, value) }

	fmt.Fprintf(&b, "\ndualchain localnet %s: %s propose a block every %s, %s finalize every %s\n\n",
		n.Spec.ChainID, count(n.Spec.Validators, "validator"), n.Spec.BlockTime, count(n.Spec.Voters, "voter"), ordinal(n.Spec.Interval))
	row("RPC", first.RPC)
	row("REST", first.REST)
	row("gRPC", first.GRPC)
	row("OpenAPI", first.REST+OpenAPIPath)
	row("Home", n.home)
	b.WriteString("\nAccounts, for development only: everybody knows their words\n\n")
	for _, name := range []string{Alice, Bob, Faucet} {
		record, err := kr.Key(name)
		if err != nil {
			return fmt.Errorf("find account %s: %w", name, err)
		}
		address, err := record.GetAddress()
		if err != nil {
			return fmt.Errorf("find account %s: %w", name, err)
		}
		row(name, address.String())
		row("", Mnemonic(name))
	}
	b.WriteString("\nCommands\n\n")
	command := func(label, args string) { row(label, program+" "+args) }
	command("faucet", fmt.Sprintf("localnet faucet ADDRESS 1000000%s%s", sdk.DefaultBondDenom, homeFlag))
	command("status", "localnet status"+homeFlag)
	if len(n.Voters) > 0 {
		third := strings.Join(n.blockingVoters(), " ")
		command("stall", fmt.Sprintf("localnet kill %s%s", third, homeFlag))
		command("recover", fmt.Sprintf("localnet restart %s%s", third, homeFlag))
		command("slash", fmt.Sprintf("localnet equivocate %s%s", n.Voters[len(n.Voters)-1].Name, homeFlag))
	}
	command("clients", fmt.Sprintf("query checkpoint status --home %s", n.ClientHome()))
	b.WriteString("\n")
	_, err = io.WriteString(w, b.String())
	return err
}

// blockingVoters are the last voters that hold more than a third of the power at genesis: without them there is no quorum.
func (n *Network) blockingVoters() []string {
	var total, held uint64
	for i := range n.Voters {
		total += n.Spec.Power(i)
	}
	first := len(n.Voters)
	var names []string
	for 3*held <= total && first > 0 {
		first--
		held += n.Spec.Power(first)
		names = append([]string{n.Voters[first].Name}, names...)
	}
	return names
}

// Live writes one line of progress. On a terminal, whose columns width returns, it refreshes the line in place. If width
// is nil, it writes a new line when a head moves or a process changes its state. It returns when ctx ends.
func Live(ctx context.Context, w io.Writer, s *Supervisor, width func() int) error {
	tick := time.NewTicker(min(s.network.Spec.BlockTime/2, 500*time.Millisecond))
	defer tick.Stop()
	var shown string
	for {
		states, changed := s.Processes()
		heads, err := s.network.Heads(ctx, states)
		if ctx.Err() != nil {
			if width != nil {
				fmt.Fprintln(w)
			}
			return nil
		}
		line, news := "no node answers", "no node answers"
		if err == nil {
			line, news = progress(heads)
		}
		down := downtime(states)
		line, news = line+down, news+down
		switch {
		case width != nil:
			_, err = fmt.Fprintf(w, "\r\033[K%s", cut(line, width()))
		case news != shown:
			_, err = fmt.Fprintln(w, line)
		default:
			err = nil
		}
		if err != nil {
			return fmt.Errorf("show progress: %w", err)
		}
		shown = news
		select {
		case <-ctx.Done():
		case <-changed:
		case <-tick.C:
		}
	}
}

// progress returns the line, and a text that changes when a head moves.
func progress(h Heads) (line, news string) {
	if h.Head == nil {
		return fmt.Sprintf("height %d · no checkpoints until a voter is eligible", h.Height), "before the anchor"
	}
	signed := "nobody has signed yet"
	if v := h.Votes; v != nil {
		signed = fmt.Sprintf("epoch %d signed by %d/%d voters, %d.%d %% of power", v.Epoch, v.Signers, v.Voters, v.PowerPPM/10_000, v.PowerPPM/1_000%10)
	}
	line = fmt.Sprintf("height %d · head %d · justified %d · finalized %d (%d blocks, %d s behind) · %s",
		h.Height, h.Head.Epoch, h.Justified.Epoch, h.Finalized.Epoch, h.Finalized.LagBlocks, h.Finalized.LagSeconds, signed)
	return line, fmt.Sprint(h.Head.Epoch, h.Justified.Epoch, h.Finalized.Epoch)
}

// cut shortens a line to the columns of a terminal, because a wrapped line could not be refreshed in place.
func cut(line string, columns int) string {
	if runes := []rune(line); columns > 0 && len(runes) >= columns {
		return string(runes[:columns-1])
	}
	return line
}

// downtime names the processes that do not run.
func downtime(states []ProcessState) string {
	var down []string
	for _, p := range states {
		switch p.State {
		case Stopped:
			down = append(down, p.Name+" stopped")
		case Exited:
			down = append(down, p.Name+" exited ("+p.Exit+")")
		}
	}
	if len(down) == 0 {
		return ""
	}
	return " · " + strings.Join(down, ", ")
}

func count(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

func ordinal(n uint64) string {
	switch {
	case n == 1:
		return "block"
	case n%100 >= 11 && n%100 <= 13:
		return fmt.Sprintf("%dth", n)
	default:
		suffix := [10]string{1: "st", 2: "nd", 3: "rd"}[n%10]
		if suffix == "" {
			suffix = "th"
		}
		return fmt.Sprintf("%d%s", n, suffix)
	}
}
