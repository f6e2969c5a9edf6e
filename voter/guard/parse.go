package guard

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/dualchain/dualchain/core/ffg"
	"github.com/dualchain/dualchain/internal/textfile"
)

// parseInterchange reads a file, in which a key may occur more than once. Errors wrap ErrInterchange or ErrDomain.
//
// The EIP's schema allows other fields, which the parser skips. It refuses a field that occurs twice, since parsers differ in
// which of the two counts. It checks everything as it reads, so that a file takes no more memory than its votes.
func parseInterchange(domain ffg.Root, content []byte) ([]history, error) {
	if len(content) > MaxInterchange {
		return nil, fmt.Errorf("%w: expected at most %d bytes, found %d", ErrInterchange, MaxInterchange, len(content))
	}
	content, err := textfile.Text(content)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrInterchange, err)
	}
	if err := json.Unmarshal(content, new(skipped)); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrInterchange, err)
	}
	p := parser{Decoder: json.NewDecoder(bytes.NewReader(content)), domain: domain}
	var all []history
	err = p.object("", map[string]read{
		"metadata": p.metadata,
		"data": func(place string) error {
			return p.list(place, maxHistories, fmt.Sprintf("up to %d entries", maxHistories), func(place string) error {
				h, err := p.history(place)
				all = append(all, h)
				return err
			})
		},
	})
	if err != nil {
		return nil, err
	}
	return all, nil
}

// skipped is a JSON value that is ignored.
type skipped struct{}

func (*skipped) UnmarshalJSON([]byte) error { return nil }

// parser reads a file from start to end. The file must be valid JSON.
type parser struct {
	*json.Decoder
	domain ffg.Root
	votes  int // so far
}

// read reads the value at a place in a file.
type read func(place string) error

func (p *parser) metadata(place string) error {
	return p.object(place, map[string]read{
		"interchange_format_version": func(place string) error {
			version, err := p.text(place)
			if err == nil && version != interchangeVersion {
				err = malformed(place, interchangeVersion, version)
			}
			return err
		},
		"genesis_validators_root": func(place string) error {
			var found ffg.Root
			err := p.hex(place, found[:])
			if err == nil && found != p.domain {
				err = fmt.Errorf("%w: %s: expected domain %s, found %s", ErrDomain, place, p.domain, found)
			}
			return err
		},
	})
}

func (p *parser) history(place string) (h history, err error) {
	h.votes = []Record{}
	err = p.object(place, map[string]read{
		"pubkey": func(place string) error { return p.hex(place, h.key[:]) },
		"signed_blocks": func(place string) error {
			return p.list(place, 0, "none, for a voter signs no blocks: is the key a validator's of another chain?", nil)
		},
		"signed_attestations": func(place string) error {
			return p.list(place, maxVotes-p.votes, fmt.Sprintf("up to %d votes in a file", maxVotes), func(place string) error {
				r, err := p.vote(place)
				h.votes = append(h.votes, r)
				p.votes++
				return err
			})
		},
	})
	return h, err
}

func (p *parser) vote(place string) (r Record, err error) {
	err = p.object(place, map[string]read{
		"source_epoch": func(place string) error { return p.epoch(place, &r.Source) },
		"target_epoch": func(place string) error { return p.epoch(place, &r.Target) },
		"signing_root": func(place string) error { return p.hex(place, r.Root[:]) },
	}, "signing_root")
	if err == nil && r.Source > r.Target {
		err = malformed(place, fmt.Sprintf("a source epoch up to %d", r.Target), r.Source)
	}
	return r, err
}

// object reads an object with each of these fields once. Only the optional fields may be missing.
func (p *parser) object(place string, fields map[string]read, optional ...string) error {
	inside, whole := place+".", place
	if place == "" {
		inside, whole = "", "the file"
	}
	if start, err := p.Token(); err != nil || start != json.Delim('{') {
		return malformed(whole, "an object", start)
	}
	seen := make(map[string]bool, len(fields))
	for p.More() {
		token, err := p.Token()
		if err != nil {
			return fmt.Errorf("%w: %s: %w", ErrInterchange, whole, err)
		}
		name, _ := token.(string) // a field's name is always a string
		if seen[name] {
			return malformed(whole, fmt.Sprintf("field %q once", name), "it again")
		}
		if seen[name] = true; len(seen) > maxFields {
			return malformed(whole, fmt.Sprintf("up to %d fields", maxFields), "more")
		}
		value, known := fields[name]
		if !known {
			value = func(string) error { return p.Decode(new(skipped)) }
		}
		if err := value(inside + name); err != nil {
			return err
		}
	}
	for name := range fields {
		if !seen[name] && !slices.Contains(optional, name) {
			return malformed(whole, fmt.Sprintf("a field %q", name), "none")
		}
	}
	return p.end(whole)
}

// list reads a list of at most most elements. expected describes the bound in the error for a longer one.
func (p *parser) list(place string, most int, expected string, each read) error {
	if start, err := p.Token(); err != nil || start != json.Delim('[') {
		return malformed(place, "a list", start)
	}
	for i := 0; p.More(); i++ {
		if i == most {
			return malformed(place, expected, "more")
		}
		if err := each(fmt.Sprintf("%s[%d]", place, i)); err != nil {
			return err
		}
	}
	return p.end(place)
}

// end reads the end of an object or a list.
func (p *parser) end(place string) error {
	if _, err := p.Token(); err != nil {
		return fmt.Errorf("%w: %s: %w", ErrInterchange, place, err)
	}
	return nil
}

func (p *parser) text(place string) (string, error) {
	token, err := p.Token()
	if err != nil {
		return "", fmt.Errorf("%w: %s: %w", ErrInterchange, place, err)
	}
	text, ok := token.(string)
	if !ok {
		return "", malformed(place, "a string", token)
	}
	return text, nil
}

func (p *parser) epoch(place string, epoch *uint64) error {
	text, err := p.text(place)
	if err != nil {
		return err
	}
	if *epoch, err = strconv.ParseUint(text, 10, 64); err != nil {
		return malformed(place, "a decimal number of 64 bits", text)
	}
	if *epoch > maxEpoch {
		return malformed(place, fmt.Sprintf("an epoch up to %d, which no chain reaches", uint64(maxEpoch)), text)
	}
	return nil
}

// hex reads 0x and two digits for each byte of out.
func (p *parser) hex(place string, out []byte) error {
	text, err := p.text(place)
	if err != nil {
		return err
	}
	digits, prefixed := strings.CutPrefix(text, "0x")
	if !prefixed || len(digits) != 2*len(out) {
		return malformed(place, fmt.Sprintf("0x and %d hexadecimal digits", 2*len(out)), text)
	}
	if _, err := hex.Decode(out, []byte(digits)); err != nil {
		return malformed(place, fmt.Sprintf("0x and %d hexadecimal digits", 2*len(out)), text)
	}
	return nil
}

// malformed returns an error that says which place of a file is wrong. It shortens found to fit on a line.
func malformed(place, expected string, found any) error {
	return fmt.Errorf("%w: %s: expected %s, found %.80q", ErrInterchange, place, expected, fmt.Sprint(found))
}
