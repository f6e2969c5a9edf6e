// Command bench measures the cost of the finality layer in a block and the cost of verifying a certificate. It compares both
// with the bare verification of one aggregate signature of the same keys in the same run. It also compares the latency of
// votes with one bare signature. docs/benchmarks.md explains the output.
package main

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"runtime/pprof"
	"slices"
	"strconv"
	"strings"
)

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func run() error {
	sizes := flag.String("voters", env("BENCH_VOTERS", "10,100,1000,10000"), "numbers of voters (or BENCH_VOTERS)")
	bin := flag.String("bin", filepath.Join("build", "dualchaind"), "the program, for the latency of votes")
	latency := flag.Int("latency", 300, "votes to measure the latency of; 0: don't")
	out := flag.String("out", "", "file for the rows as JSON")
	profile := flag.String("cpuprofile", "", "file for a CPU profile")
	flag.Parse()
	if *profile != "" {
		file, err := os.Create(*profile)
		if err != nil {
			return err
		}
		defer file.Close()
		if err := pprof.StartCPUProfile(file); err != nil {
			return err
		}
		defer pprof.StopCPUProfile()
	}
	var rows []row
	if *latency > 0 {
		votes, err := measureLatency(*bin, *latency)
		if err != nil {
			return fmt.Errorf("latency of votes: %w", err)
		}
		if err := printRows(os.Stdout, votes); err != nil {
			return err
		}
		rows = votes
	}
	for _, size := range strings.Split(*sizes, ",") {
		n, err := strconv.Atoi(strings.TrimSpace(size))
		if err != nil || n < 1 {
			return fmt.Errorf("voters: expected numbers above 0, found %q", size)
		}
		more, err := measureAll(newVoters(n))
		if err != nil {
			return fmt.Errorf("%d voters: %w", n, err)
		}
		if err := printRows(os.Stdout, more); err != nil {
			return err
		}
		rows = append(rows, more...)
	}
	others, err := measureOthers()
	if err != nil {
		return err
	}
	if err := printRows(os.Stdout, others); err != nil {
		return err
	}
	rows = append(rows, others...)
	if *out == "" {
		return nil
	}
	return writeJSON(*out, rows)
}

func measureAll(voters []voter) ([]row, error) {
	rows, bare, err := measureVotes(voters)
	if err != nil {
		return nil, fmt.Errorf("measure votes: %w", err)
	}
	proposals, err := measureProposals(voters, bare)
	if err != nil {
		return nil, fmt.Errorf("measure proposals: %w", err)
	}
	prepare, err := measurePrepare(voters, bare)
	if err != nil {
		return nil, fmt.Errorf("measure a proposer: %w", err)
	}
	settlement, err := measureSettlement(voters, bare)
	if err != nil {
		return nil, fmt.Errorf("measure settlement: %w", err)
	}
	certificates, err := measureCertificates(voters)
	if err != nil {
		return nil, fmt.Errorf("measure certificates: %w", err)
	}
	txProof, err := measureTxProof(voters)
	if err != nil {
		return nil, fmt.Errorf("measure the proof of a transaction: %w", err)
	}
	return slices.Concat(rows, proposals, prepare, settlement, certificates, txProof), nil
}

// measureOthers runs the measurements that have a fixed size, for any -voters.
func measureOthers() (rows []row, err error) {
	for _, n := range []int{100, 1000} {
		year, err := measureYear(n)
		if err != nil {
			return nil, fmt.Errorf("measure a year of %d voters: %w", n, err)
		}
		rows = append(rows, year)
	}
	commit, err := measureCommit()
	if err != nil {
		return nil, fmt.Errorf("measure a commit of CometBFT's: %w", err)
	}
	return append(rows, commit), nil
}

func env(name, otherwise string) string {
	if value := os.Getenv(name); value != "" {
		return value
	}
	return otherwise
}
