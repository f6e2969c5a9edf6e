package harness

import (
	"io"
	"strings"
	"sync"
)

// printed is the output of a process. It comes through a pipe, so a process whose writes to files fail can still print.
type printed struct {
	copy io.Writer // to be read after the test

	mu   sync.Mutex
	text []byte
	read int // where next continues
}

// Write implements io.Writer.
func (p *printed) Write(b []byte) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.text = append(p.text, b...)
	return p.copy.Write(b)
}

// String returns all of it.
func (p *printed) String() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return string(p.text)
}

// next looks for a line with all of the words, after the line that it found before.
func (p *printed) next(words []string) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	for at := p.read; ; {
		line, _, whole := strings.Cut(string(p.text[at:]), "\n")
		if !whole {
			return false
		}
		at += len(line) + 1
		if containsAll(line, words) {
			p.read = at
			return true
		}
	}
}

// skip makes next continue after everything printed so far.
func (p *printed) skip() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.read = len(p.text)
}

func containsAll(line string, words []string) bool {
	for _, word := range words {
		if !strings.Contains(line, word) {
			return false
		}
	}
	return true
}
