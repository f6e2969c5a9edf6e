// Command mutate changes the verifier in Go, one place at a time, and runs its vectors: a change that no vector notices is one that
// another implementation could have, too. `make mutation` runs it.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"runtime"
)

func main() {
	var o options
	flag.StringVar(&o.module, "module", "core", "folder of the module")
	flag.StringVar(&o.explained, "explained", "tests/mutate/explained.txt", "file with the mutants that may survive, and why")
	flag.StringVar(&o.report, "report", "", "file to write the report to")
	flag.IntVar(&o.every, "every", 1, "try each n-th mutant only")
	flag.BoolVar(&o.only, "only", false, "try only the mutants that are explained")
	flag.IntVar(&o.workers, "workers", runtime.NumCPU(), "how many mutants are tried at the same time")
	flag.Parse()
	if err := mutate(context.Background(), o, os.Stderr); err != nil {
		fmt.Fprintln(os.Stderr, "mutate:", err)
		os.Exit(1)
	}
}
