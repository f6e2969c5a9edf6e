package localnet

import (
	"errors"
	"net"
	"strings"
	"testing"
	"time"
)

func TestSpecBounds(t *testing.T) {
	tests := []struct {
		name   string
		change func(*Spec)
		want   string // part of the error, empty for none
	}{
		{"the default", func(*Spec) {}, ""},
		{"one validator", func(s *Spec) { s.Validators = 1 }, ""},
		{"no validator", func(s *Spec) { s.Validators = 0 }, "1 to 32 validators, found 0"},
		{"as many validators as fit", func(s *Spec) { s.Validators = MaxValidators }, ""},
		{"too many validators", func(s *Spec) { s.Validators = MaxValidators + 1 }, "1 to 32 validators, found 33"},
		{"no voter", func(s *Spec) { s.Voters = 0 }, ""},
		{"fewer than no voters", func(s *Spec) { s.Voters = -1 }, "0 to 64 voters, found -1"},
		{"as many voters as fit", func(s *Spec) { s.Voters = MaxVoters }, ""},
		{"too many voters", func(s *Spec) { s.Voters = MaxVoters + 1 }, "found 65"},
		{"the fastest blocks", func(s *Spec) { s.BlockTime = 100 * time.Millisecond }, ""},
		{"blocks too fast", func(s *Spec) { s.BlockTime = 99 * time.Millisecond }, "block time"},
		{"the slowest blocks", func(s *Spec) { s.BlockTime = time.Minute }, ""},
		{"blocks too slow", func(s *Spec) { s.BlockTime = time.Minute + 1 }, "block time"},
		{"interval 1", func(s *Spec) { s.Interval = 1 }, ""},
		{"interval 0", func(s *Spec) { s.Interval = 0 }, "interval"},
		{"set period 0", func(s *Spec) { s.SetPeriod = 0 }, "set period"},
		{"the longest era", func(s *Spec) { s.EraLength = 10_000 }, ""},
		{"era too long", func(s *Spec) { s.EraLength = 10_001 }, "era"},
		{"interval too long", func(s *Spec) { s.Interval = 1_000_001 }, "interval"},
		{"set period too long", func(s *Spec) { s.SetPeriod = 1_000_001 }, "set period"},
		{"era 0", func(s *Spec) { s.EraLength = 0 }, "era"},
		{"no unbonding time", func(s *Spec) { s.UnbondingTime = time.Second - 1 }, "unbonding"},
		{"no jail duration", func(s *Spec) { s.JailDuration = time.Second - 1 }, "jail"},
		{"no powers", func(s *Spec) { s.VoterPower = nil }, "voter powers"},
		{"a power of 0", func(s *Spec) { s.VoterPower = []uint64{1, 0} }, "at least 1"},
		{"the largest power", func(s *Spec) { s.VoterPower = []uint64{1_000_000} }, ""},
		{"too large a power", func(s *Spec) { s.VoterPower = []uint64{1_000_001} }, "at most 1000000"},
		{"no chain id", func(s *Spec) { s.ChainID = "" }, "chain id"},
		{"the longest chain id", func(s *Spec) { s.ChainID = strings.Repeat("x", 50) }, ""},
		{"too long a chain id", func(s *Spec) { s.ChainID = strings.Repeat("x", 51) }, "chain id"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			spec := DefaultSpec()
			spec.ChainID = "test-1"
			tt.change(&spec)
			err := spec.Validate()
			if tt.want == "" {
				if err != nil {
					t.Fatal(err)
				}
				return
			}
			if !errors.Is(err, ErrSpec) || !strings.Contains(err.Error(), tt.want) {
				t.Fatalf("expected ErrSpec with %q, found %v", tt.want, err)
			}
		})
	}
}

func TestDiffNamesWhatDiffersAndNothingElse(t *testing.T) {
	found := DefaultSpec()
	if diff := DefaultSpec().Diff(found); diff != "" {
		t.Fatalf("expected no difference, found %s", diff)
	}
	want := found
	want.Voters, want.VoterPower = 3, []uint64{34, 33, 33}
	const expected = "voters: asked for 3, found 4; voter-power: asked for [34 33 33], found [100]"
	if diff := want.Diff(found); diff != expected {
		t.Fatalf("expected %q, found %q", expected, diff)
	}
}

func TestPowersRepeat(t *testing.T) {
	spec := Spec{VoterPower: []uint64{34, 33}}
	for i, want := range []uint64{34, 33, 34, 33} {
		if got := spec.Power(i); got != want {
			t.Fatalf("voter %d: expected power %d, found %d", i, want, got)
		}
	}
}

func TestPortsAreDistinctAndPreferredWhenFree(t *testing.T) {
	var picker portPicker
	defer picker.release()
	taken, err := net.Listen("tcp", address(0))
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	busy := taken.Addr().(*net.TCPAddr).Port

	seen := map[int]bool{busy: true}
	for range 8 {
		ports, err := picker.node(Ports{RPC: busy})
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range ports.list() {
			if seen[*e.Port] {
				t.Fatalf("port %d was given out twice", *e.Port)
			}
			seen[*e.Port] = true
		}
	}

	free := picker.held[0].Addr().(*net.TCPAddr).Port
	picker.release()
	if port, err := picker.pick(free); err != nil || port != free {
		t.Fatalf("expected the preferred port %d, found %d, %v", free, port, err)
	}
}

func TestBusyPortsAreNamed(t *testing.T) {
	taken, err := net.Listen("tcp", address(0))
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	var picker portPicker
	ports, err := picker.node(Ports{})
	if err != nil {
		t.Fatal(err)
	}
	picker.release()
	if err := ports.checkFree("validator-0"); err != nil {
		t.Fatal(err)
	}
	ports.GRPC = taken.Addr().(*net.TCPAddr).Port
	if err := ports.checkFree("validator-0"); err == nil || !strings.Contains(err.Error(), "grpc port") {
		t.Fatalf("expected the grpc port to be named, found %v", err)
	}
}

func TestATestnetHasThePeriodsOfAChainThatLasts(t *testing.T) {
	s := TestnetSpec()
	if err := s.Validate(); err != nil {
		t.Fatal(err)
	}
	if s.UnbondingTime != 21*24*time.Hour || s.JailDuration != 10*time.Minute || s.EraLength != 100 || s.SetPeriod != 10 || s.Interval != 5 {
		t.Errorf("expected the defaults of the modules, found %+v", s)
	}
}
