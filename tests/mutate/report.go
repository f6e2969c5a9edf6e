package main

import (
	"fmt"
	"os"
	"slices"
	"strings"
)

// explanation is a reason that mutants survive for.
type explanation struct {
	reason  string
	mutants []string
}

// readExplained reads a file of reasons, each a line that begins with #, and the names of mutants after it, one a line.
func readExplained(path string) (out []explanation, err error) {
	content, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("read the explained mutants: %w", err)
	}
	for line := range strings.Lines(string(content)) {
		line = strings.TrimSpace(line)
		switch reason, isReason := strings.CutPrefix(line, "# "); {
		case line == "":
		case isReason && len(out) > 0 && len(out[len(out)-1].mutants) == 0:
			out[len(out)-1].reason += " " + reason // goes on
		case isReason:
			out = append(out, explanation{reason: reason})
		case len(out) == 0:
			return nil, fmt.Errorf("read the explained mutants: expected a reason before %q", line)
		default:
			last := &out[len(out)-1]
			last.mutants = append(last.mutants, line)
		}
	}
	return out, nil
}

// report is what became of the mutants.
type report struct {
	tried     int
	killed    []killer
	survivors []mutant
	explained []explanation
}

// killer is a suite and what only it has killed, the suites before it not.
type killer struct {
	suite   string
	mutants []mutant
}

func (r *report) count(suite string, m mutant) {
	if len(r.killed) == 0 || r.killed[len(r.killed)-1].suite != suite {
		r.killed = append(r.killed, killer{suite: suite})
	}
	last := &r.killed[len(r.killed)-1]
	last.mutants = append(last.mutants, m)
}

// reasonFor returns why a mutant may survive.
func (r report) reasonFor(name string) (string, bool) {
	for _, e := range r.explained {
		if slices.Contains(e.mutants, name) {
			return e.reason, true
		}
	}
	return "", false
}

// verdict returns an error that names the unexplained survivors and, of a whole run, the explanations that explain nothing.
func (r report) verdict(whole bool) error {
	var wrong []string
	alive := map[string]bool{}
	for _, m := range r.survivors {
		alive[m.name()] = true
		if _, explained := r.reasonFor(m.name()); !explained {
			wrong = append(wrong, fmt.Sprintf("survived: %s   (line %d)", m.name(), m.line))
		}
	}
	for _, e := range r.explained {
		for _, name := range e.mutants {
			if whole && !alive[name] {
				wrong = append(wrong, "explained, but gone or killed: "+name)
			}
		}
	}
	if len(wrong) > 0 {
		return fmt.Errorf("expected every survivor explained, and nothing else, found %d that differ:\n%s", len(wrong), strings.Join(wrong, "\n"))
	}
	return nil
}

// String returns the report in Markdown.
func (r report) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "# Mutants of the verifier in Go\n\n`make mutation` wrote this. %d changes of `core/cert` and of what it uses of `core/ffg`:\n\n| killed by | |\n|---|---|\n", r.tried)
	for _, k := range r.killed {
		fmt.Fprintf(&b, "| %s | %d |\n", k.suite, len(k.mutants))
	}
	fmt.Fprintf(&b, "| nothing, explained below | %d |\n\n", len(r.survivors))
	for _, k := range r.killed[min(1, len(r.killed)):] {
		fmt.Fprintf(&b, "## Only by the %s\n\n", k.suite)
		for _, m := range k.mutants {
			fmt.Fprintf(&b, "- `%s`\n", m.name())
		}
		b.WriteString("\n")
	}
	b.WriteString("## Survivors\n")
	for _, e := range append(slices.Clone(r.explained), explanation{reason: "**Unexplained.**"}) {
		var names []string
		for _, m := range r.survivors {
			reason, explained := r.reasonFor(m.name())
			if reason == e.reason || !explained && e.reason == "**Unexplained.**" {
				names = append(names, m.name())
			}
		}
		if len(names) > 0 {
			fmt.Fprintf(&b, "\n%s\n\n", e.reason)
			for _, name := range names {
				fmt.Fprintf(&b, "- `%s`\n", name)
			}
		}
	}
	return b.String()
}
