package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"time"
)

// suite is a test binary and which of its tests run.
type suite struct {
	name, pkg, run, skip string
	arguments            []string
	binary               string
}

// limit bounds one run of a suite: a change may make a loop endless.
const limit = time.Minute

// build compiles the suites with the overlay.
func build(module, folder, overlay string, suites []suite) error {
	for i := range suites {
		s := &suites[i]
		s.binary = filepath.Join(folder, strings.ReplaceAll(s.pkg, "/", "_")+".test")
		if _, err := os.Stat(s.binary); err == nil {
			continue // of another suite
		}
		cmd := exec.Command("go", "test", "-c", "-overlay", overlay, "-o", s.binary, "./"+s.pkg)
		cmd.Dir = module
		if out, err := cmd.CombinedOutput(); err != nil {
			return fmt.Errorf("build the tests of %s with all mutants: %w\n%s", s.pkg, err, out)
		}
	}
	return nil
}

// kills reports whether a suite fails with a mutant, 0 for none, and what it said.
func (s suite) kills(ctx context.Context, module string, id int, trace string) (bool, string, error) {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	args := append([]string{"-test.run", s.run, "-test.skip", s.skip, "-test.failfast", "-test.timeout", limit.String()}, s.arguments...)
	cmd := exec.CommandContext(ctx, s.binary, args...)
	cmd.Dir = filepath.Join(module, s.pkg)
	cmd.Env = append(os.Environ(), "MUTANT="+strconv.Itoa(id), "MUTANT_TRACE="+trace, "GOMEMLIMIT=1GiB")
	out, err := cmd.CombinedOutput()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) && ctx.Err() == nil {
		return false, "", fmt.Errorf("run %s: %w", s.name, err)
	}
	return err != nil, string(out), nil
}

// reached returns the mutants whose code a suite runs. The suite must pass without any.
func (s suite) reached(ctx context.Context, module, folder string) (map[int]bool, error) {
	trace := filepath.Join(folder, s.name+".trace")
	failed, out, err := s.kills(ctx, module, 0, trace)
	if err != nil {
		return nil, err
	}
	if failed {
		return nil, fmt.Errorf("%s: expected it to pass without a mutant, found\n%s", s.name, out)
	}
	content, err := os.ReadFile(trace)
	if err != nil {
		return nil, err
	}
	ids := map[int]bool{}
	for line := range strings.Lines(string(content)) {
		id, err := strconv.Atoi(strings.TrimSpace(line))
		if err != nil {
			return nil, err
		}
		ids[id] = true
	}
	return ids, nil
}

// survivors returns the ids that a suite does not kill.
func (s suite) survivors(ctx context.Context, module string, ids []int, workers int, progress func()) (alive map[int]bool, err error) {
	alive = map[int]bool{}
	var mu sync.Mutex
	var wg sync.WaitGroup
	work := make(chan int)
	for range workers {
		wg.Add(1)
		go func() {
			defer wg.Done()
			for id := range work {
				killed, _, failed := s.kills(ctx, module, id, "")
				mu.Lock()
				if failed != nil {
					err = failed
				}
				if !killed {
					alive[id] = true
				}
				progress()
				mu.Unlock()
			}
		}()
	}
	for _, id := range ids {
		work <- id
	}
	close(work)
	wg.Wait()
	return alive, err
}
