package signerd

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/dualchain/dualchain/core/bls"
	"github.com/dualchain/dualchain/core/ffg"
	"github.com/dualchain/dualchain/voter/event"
	"github.com/dualchain/dualchain/voter/guard"
	"github.com/dualchain/dualchain/voter/sign"
)

func TestAnyClientSignsLikeTheKeyring(t *testing.T) {
	keyring, public, closeKeyring := openKeyring(t, t.TempDir())
	defer closeKeyring()
	s := newSite(t).serve(keyring)
	alice, bob := s.client("alice"), s.client("bob")
	if keys, err := alice.Keys(t.Context()); err != nil || !slices.Equal(keys, []ffg.PublicKey{public.Bytes()}) {
		t.Errorf("expected %v, found %v, %v", public, keys, err)
	}
	if past, err := alice.Past(t.Context(), public.Bytes(), 1); err != nil || past != (sign.Past{}) {
		t.Errorf("expected an empty past, found %+v, %v", past, err)
	}
	first, err := alice.Sign(t.Context(), public.Bytes(), link(0, 1))
	if err != nil {
		t.Fatal(err)
	}
	if err := bls.Verify(public, link(0, 1).SigningRoot(domain), first); err != nil {
		t.Error(err)
	}
	s.said("INFO", event.Signed.String(), "key="+public.String()[:8], "epoch=1", "client=alice")
	if again, err := bob.Sign(t.Context(), public.Bytes(), link(0, 1)); err != nil || again != first {
		t.Errorf("the same vote: expected the same signature, found %x, %v", again, err)
	}
	s.said("INFO", event.Signed.String(), "epoch=1", "client=bob")
	if past, err := bob.Past(t.Context(), public.Bytes(), 1); err != nil || past != (sign.Past{Signed: true, Latest: 1}) {
		t.Errorf("expected a vote for epoch 1, found %+v, %v", past, err)
	}
	var conflict *guard.Conflict
	if _, err := bob.Sign(t.Context(), public.Bytes(), link(0, 1, 9)); !errors.As(err, &conflict) || conflict.Vote != link(0, 1, 9) {
		t.Errorf("another vote: expected a conflict, found %v", err)
	}
	s.said("ERROR", event.Refused.String(), "client=bob", "double vote")
	for _, client := range []*Client{bob, alice} {
		if _, err := client.Sign(t.Context(), public.Bytes(), link(0, 1, 9)); !errors.As(err, &conflict) {
			t.Errorf("again: expected a conflict, found %v", err)
		}
	}
	s.said("DEBUG", event.RefusedAgain.String(), "client=bob")
	s.said("ERROR", event.Refused.String(), "client=alice")
}

func TestErrorsArriveAsTheyWere(t *testing.T) {
	record := guard.Record{Source: 1, Target: 2, Root: ffg.Root{3}}
	for name, tc := range map[string]struct {
		err, is error
		alarm   bool
	}{
		"double vote":       {err: &guard.Conflict{Recorded: record, Vote: link(1, 2, 4), Kind: ffg.DoubleVote}, alarm: true},
		"surround vote":     {err: &guard.Conflict{Recorded: record, Vote: link(0, 3), Kind: ffg.SurroundVote}, alarm: true},
		"unknown record":    {err: &guard.Conflict{Recorded: guard.Record{Target: 2}, Vote: link(0, 2), Kind: ffg.DoubleVote}, alarm: true},
		"below the floor":   {err: &guard.BelowFloor{Vote: link(1, 2), Floor: guard.Floor{Source: 5, Target: 6}}, alarm: true},
		"retired":           {err: guard.ErrRetired, is: guard.ErrRetired, alarm: true},
		"disk":              {err: guard.ErrStorage, is: guard.ErrStorage, alarm: true},
		"lost":              {err: guard.ErrLost, is: guard.ErrLost, alarm: true},
		"order":             {err: ffg.ErrVoteOrder, is: ErrRequest, alarm: true},
		"unforeseen":        {err: errors.New("unforeseen"), alarm: true},
		"no key":            {err: sign.ErrNoKey, is: sign.ErrNoKey},
		"closed":            {err: sign.ErrClosed, is: ErrUnavailable},
		"canceled in there": {err: context.Canceled, is: context.Canceled, alarm: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSite(t).serve(&stub{err: fmt.Errorf("sign vote: %w", tc.err)})
			client := s.client("alice")
			if tc.is == ErrUnavailable {
				client.timeout = time.Second // it asks again and again
			}
			_, err := client.Sign(t.Context(), ffg.PublicKey{1}, link(1, 2))
			// A client that is told to ask again does so until its time is up.
			if err == nil || tc.is != ErrUnavailable && !strings.Contains(err.Error(), tc.err.Error()) {
				t.Errorf("expected %q in it, found %v", tc.err, err)
			}
			if tc.is != nil && !errors.Is(err, tc.is) {
				t.Errorf("expected %v, found %v", tc.is, err)
			}
			if typed := find(err, tc.err); typed != nil && !reflect.DeepEqual(typed, tc.err) {
				t.Errorf("expected %+v, found %+v", tc.err, typed)
			}
			if tc.alarm {
				s.said("ERROR", event.Refused.String(), "client=alice", tc.err.Error())
			} else {
				s.said("WARN", event.NotSigned.String(), "client=alice", tc.err.Error())
			}
		})
	}
}

// find returns the refusal in a chain of errors, or one that is no refusal if there should be one and isn't.
func find(err, like error) error {
	var conflict *guard.Conflict
	var below *guard.BelowFloor
	switch {
	case errors.As(like, &conflict):
		if !errors.As(err, &conflict) {
			return err
		}
		return conflict
	case errors.As(like, &below):
		if !errors.As(err, &below) {
			return err
		}
		return below
	default:
		return nil
	}
}

func TestASignerOfAnotherChainSaysSo(t *testing.T) {
	s := newSite(t)
	s.config.ChainID = "other-1"
	s.serve(&stub{})
	client := s.client("alice")
	_, keysErr := client.Keys(t.Context())
	_, signErr := client.Sign(t.Context(), ffg.PublicKey{1}, link(0, 1))
	_, pastErr := client.Past(t.Context(), ffg.PublicKey{1}, 1)
	for what, err := range map[string]error{"keys": keysErr, "sign": signErr, "past": pastErr} {
		if !errors.Is(err, ErrOtherChain) || !strings.Contains(err.Error(), `signs for "other-1", the client asks for "test-1"`) {
			t.Errorf("%s: expected %v with both chains, found %v", what, ErrOtherChain, err)
		}
	}
	s.said("ERROR", event.RequestRefused.String(), "client=alice", "other-1")
}

func TestAnswersOfOddLengthAreNoAnswers(t *testing.T) {
	vote := voteToProto(link(0, 1))
	vote.Source.Root = vote.Source.Root[1:]
	if _, err := voteFromProto(vote); err == nil || !strings.Contains(err.Error(), "source: root: expected 64 lower-case hexadecimal digits, found 63") {
		t.Errorf("expected the length, found %v", err)
	}
	for _, err := range []error{
		status.Error(codes.FailedPrecondition, "no details"),
		toStatus(&guard.Conflict{}),
		toStatus(&guard.BelowFloor{}),
	} {
		if found := fromStatus(err); found == nil {
			t.Error("expected an error, found none")
		}
	}
}

func TestASignerOutOfReachIsWaitedForAndComesBack(t *testing.T) {
	s := newSite(t)
	s.serve(&stub{}).end() // so that the address is known
	client := s.refused(s.files("alice"), ErrUnavailable, "connection refused")
	client.timeout = 100 * time.Millisecond
	if _, err := client.Keys(t.Context()); errors.Is(err, ErrCertificate) {
		t.Errorf("expected nothing about certificates, found %v", err)
	}
	client.timeout = time.Minute
	for range 3 {
		asked := make(chan error, 1)
		go func() {
			_, err := client.Keys(t.Context())
			asked <- err
		}()
		s.serve(&stub{})
		if err := <-asked; err != nil {
			t.Errorf("expected an answer, found %v", err)
		}
		s.end()
	}
	canceled, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := client.Keys(canceled); !errors.Is(err, context.Canceled) || errors.Is(err, ErrUnavailable) {
		t.Errorf("expected %v, found %v", context.Canceled, err)
	}
}

func TestWhatBreaksIsAskedAgain(t *testing.T) {
	keys := &stub{began: make(chan struct{}), go_: make(chan struct{})}
	s := newSite(t).serve(keys)
	client := s.client("alice")
	asked := make(chan error, 1)
	go func() {
		_, err := client.Sign(t.Context(), ffg.PublicKey{1}, link(0, 1))
		asked <- err
	}()
	<-keys.began
	s.at.break_()
	close(keys.go_)
	s.end()
	s.serve(&stub{})
	if err := <-asked; err != nil {
		t.Errorf("expected a signature, found %v", err)
	}
}

func TestASignerThatStopsAnswersWhoeverAskedBefore(t *testing.T) {
	keys := &stub{began: make(chan struct{}), go_: make(chan struct{})}
	s := newSite(t).serve(keys)
	client := s.client("alice")
	asked := make(chan error, 1)
	go func() {
		_, err := client.Sign(t.Context(), ffg.PublicKey{1}, link(0, 1))
		asked <- err
	}()
	<-keys.began
	stopped := make(chan struct{})
	go func() {
		s.end()
		close(stopped)
	}()
	s.awaitClosed()
	close(keys.go_)
	if err := <-asked; err != nil {
		t.Errorf("expected a signature, found %v", err)
	}
	<-stopped
	s.said(event.SignerStopped.String())
}
