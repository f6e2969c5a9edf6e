package overview

import (
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/dualchain/dualchain/internal/foreign"
)

// Write writes the overview for people.
func (o Overview) Write(w io.Writer) error {
	var text strings.Builder
	row := func(name, format string, values ...any) {
		line := fmt.Sprintf("%-17s", name) + fmt.Sprintf(format, values...)
		text.WriteString(strings.TrimRight(foreign.Printable(line), " ") + "\n") // most of it is somebody else's word
	}
	row("chain", "%s", o.ChainID)
	if h := o.Chain; h != nil {
		row("heads", "height %d at %s; epoch %d, justified %d, finalized %d", h.Height, clock(h.Time), h.Epoch, h.Justified, h.Finalized)
	}
	if o.Client != nil {
		row("client", "%s", o.Client.text())
	}
	for _, reason := range o.reasons() {
		row("", "%s", reason)
	}
	for _, v := range o.Voters {
		row("", "")
		v.write(row)
	}
	for i, gap := range o.Gaps {
		if i == 0 {
			row("", "")
		}
		row("unknown", "%s", gap)
	}
	_, err := io.WriteString(w, text.String())
	return err
}

func (c Client) text() string {
	out := "healthy"
	if !c.Healthy {
		out = "NOT healthy"
	}
	for _, n := range c.Nodes {
		if n.InUse {
			out += ", following " + n.Address
		}
	}
	return out
}

func (o Overview) reasons() []string {
	var out []string
	if o.Client != nil {
		for _, r := range o.Client.Reasons {
			out = append(out, strings.TrimSuffix(fmt.Sprintf("%s: %s: %s", r.Code, r.Error, r.Advice), ": "))
		}
	}
	return out
}

func (v Voter) write(row func(name, format string, values ...any)) {
	name := v.PublicKey
	if v.Name != "" {
		name += " (" + v.Name + ")"
	}
	row("voter", "%s", name)
	r := v.Registration
	if r == nil {
		row("  registered", "no")
	} else {
		row("  registered", "as %d by %s %q", r.Index, r.Operator, r.Moniker)
		row("  state", "%s; power %d rear, %d current, %d next", r.State, r.Rear, r.Current, r.Next)
		if r.JailedUntil != nil {
			row("  jailed", "until %s; then: tx finality unjail", clock(*r.JailedUntil))
		}
		if r.AccountableFrom > 0 {
			row("  accountable", "from epoch %d", r.AccountableFrom)
		}
	}
	row("  last vote", "%s", v.lastVote())
	if v.Client != nil && v.Client.Reason != nil {
		row("  not voting", "%s: %s", v.Client.Reason.Code, v.Client.Reason.Error)
	}
	if v.Protection != nil && v.Protection.Retired {
		row("  moved", "to another machine: this one signs nothing with the key")
	}
	if p := v.Participation; p != nil {
		row("  participation", "%s", p.text())
	}
	if r != nil {
		s := r.Stake
		row("  stake", "%s%s in the pool, of which the operator's own %s", s.Pool, s.Denom, s.Own)
		row("  rewards", "raise the pool, less %s commission, paid to the operator, who has %s%s", percent(s.CommissionPpm), s.Balance, s.Denom)
	}
}

// lastVote prefers what the client knows to what slashing protection does.
func (v Voter) lastVote() string {
	switch {
	case v.Client != nil && v.Client.Signed > 0:
		last := v.Client.Last
		out := fmt.Sprintf("epoch %d at %s", last.Epoch, clock(last.At))
		switch {
		case last.Recorded:
			out += fmt.Sprintf(", recorded after %d blocks", last.Blocks)
		case last.Accepted:
			out += ", sent"
		default:
			out += ", not sent yet"
		}
		return out
	case v.Protection == nil:
		return "unknown"
	case v.Protection.Latest == 0:
		return "none"
	}
	return fmt.Sprintf("epoch %d", v.Protection.Latest)
}

func (p Participation) text() string {
	out := fmt.Sprintf("%d of %d epochs in era %d, %s of the weight", p.Recorded, p.Epochs, p.Era, percent(p.Ppm))
	if p.Pending > 0 {
		out += fmt.Sprintf("; %d may still come", p.Pending)
	}
	if p.Accountable {
		return out + fmt.Sprintf("; at least %s is asked for", percent(p.MinimumPpm))
	}
	return out + "; absence doesn't count in this era"
}

func percent(ppm uint32) string { return fmt.Sprintf("%d.%02d %%", ppm/10_000, ppm%10_000/100) }

func clock(t time.Time) string { return t.UTC().Format(time.DateTime) + " UTC" }
