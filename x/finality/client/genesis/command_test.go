package genesis_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	cmttypes "github.com/cometbft/cometbft/types"
	"github.com/spf13/cobra"

	"github.com/cosmos/cosmos-sdk/client"
	"github.com/cosmos/cosmos-sdk/client/flags"
	genutiltypes "github.com/cosmos/cosmos-sdk/x/genutil/types"

	"github.com/dualchain/dualchain/x/finality/client/genesis"
)

// initCommand writes a genesis with these consensus parameters, as the SDK's init does.
func initCommand(consensus *genutiltypes.ConsensusGenesis) *cobra.Command {
	return &cobra.Command{SilenceErrors: true, SilenceUsage: true, RunE: func(cmd *cobra.Command, _ []string) error {
		written := genutiltypes.AppGenesis{ChainID: "toy-1", AppState: []byte("{}"), Consensus: consensus}
		return written.SaveAs(fileIn(client.GetClientContextFromCmd(cmd).HomeDir))
	}}
}

func fileIn(home string) string { return filepath.Join(home, "config", "genesis.json") }

// initialize runs the command in a new home.
func initialize(t *testing.T, cmd *cobra.Command) (file string, err error) {
	t.Helper()
	home := t.TempDir()
	if err := os.Mkdir(filepath.Join(home, "config"), 0o700); err != nil {
		t.Fatal(err)
	}
	cmd.Flags().String(flags.FlagHome, "", "")
	cmd.SetArgs(nil)
	clientCtx := client.Context{}.WithHomeDir(home)
	return fileIn(home), cmd.ExecuteContext(context.WithValue(t.Context(), client.ClientContextKey, &clientCtx))
}

func limits() genesis.Limits {
	return genesis.Limits{MaxGas: 77, MaxBytes: 1 << 20, BlockTime: 5 * time.Second}
}

func TestInitLimitsBlocksAndNothingElse(t *testing.T) {
	own := cmttypes.DefaultConsensusParams()
	own.Validator.PubKeyTypes = []string{cmttypes.ABCIPubKeyTypeSecp256k1}
	for name, tc := range map[string]struct {
		consensus *genutiltypes.ConsensusGenesis
		keys      string
	}{
		"parameters":                    {&genutiltypes.ConsensusGenesis{Params: own}, cmttypes.ABCIPubKeyTypeSecp256k1},
		"no parameters, as a null":      {new(genutiltypes.ConsensusGenesis), cmttypes.ABCIPubKeyTypeEd25519},
		"no consensus part in the file": {nil, cmttypes.ABCIPubKeyTypeEd25519},
	} {
		t.Run(name, func(t *testing.T) {
			file, err := initialize(t, genesis.WithLimits(initCommand(tc.consensus), limits()))
			if err != nil {
				t.Fatal(err)
			}
			written, err := genutiltypes.AppGenesisFromFile(file)
			if err != nil {
				t.Fatal(err)
			}
			params := written.Consensus.Params
			if params.ValidateBasic() != nil || params.Block.MaxGas != 77 || params.Block.MaxBytes != 1<<20 || params.Evidence.MaxBytes != 128<<10 {
				t.Errorf("expected the limits, found %+v and %+v", params.Block, params.Evidence)
			}
			if params.Validator.PubKeyTypes[0] != tc.keys {
				t.Errorf("expected keys of type %s, found %v", tc.keys, params.Validator.PubKeyTypes)
			}
			if age := cmttypes.DefaultConsensusParams().Evidence.MaxAgeDuration; params.Evidence.MaxAgeDuration != age {
				t.Errorf("expected %s without x/staking, found %s", age, params.Evidence.MaxAgeDuration)
			}
		})
	}
}

func TestEvidenceIsTakenForTheUnbondingTime(t *testing.T) {
	params := limits().ConsensusParams(time.Hour)
	if params.Evidence.MaxAgeDuration != time.Hour || params.Evidence.MaxAgeNumBlocks != 720 {
		t.Errorf("expected an hour and 720 blocks of 5 s, found %+v", params.Evidence)
	}
	small := genesis.Limits{MaxGas: 1, MaxBytes: 1000}.ConsensusParams(time.Hour)
	if err := small.ValidateBasic(); err != nil || small.Evidence.MaxBytes != 1000 {
		t.Errorf("expected no more evidence than a block has room for, found %+v and %v", small.Evidence, err)
	}
}

func TestInitDoesWhatItDidBeforeTheLimit(t *testing.T) {
	errOwn := errors.New("the chain's own")
	for name, tc := range map[string]struct {
		set      func(cmd *cobra.Command, ran *int)
		err      error
		expected int // runs
	}{
		"nothing": {func(*cobra.Command, *int) {}, nil, 0},
		"PostRunE": {func(cmd *cobra.Command, ran *int) {
			cmd.PostRunE = func(*cobra.Command, []string) error { *ran++; return nil }
		}, nil, 1},
		"PostRunE that fails": {func(cmd *cobra.Command, ran *int) {
			cmd.PostRunE = func(*cobra.Command, []string) error { *ran++; return errOwn }
		}, errOwn, 1},
		"PostRun": {func(cmd *cobra.Command, ran *int) {
			cmd.PostRun = func(*cobra.Command, []string) { *ran++ }
		}, nil, 1},
		"both, of which cobra runs one": {func(cmd *cobra.Command, ran *int) {
			cmd.PostRunE = func(*cobra.Command, []string) error { *ran++; return nil }
			cmd.PostRun = func(*cobra.Command, []string) { *ran += 10 }
		}, nil, 1},
	} {
		t.Run(name, func(t *testing.T) {
			cmd, ran := initCommand(&genutiltypes.ConsensusGenesis{Params: cmttypes.DefaultConsensusParams()}), 0
			tc.set(cmd, &ran)
			file, err := initialize(t, genesis.WithLimits(cmd, limits()))
			if !errors.Is(err, tc.err) || ran != tc.expected {
				t.Fatalf("expected %d runs and %v, found %d and %v", tc.expected, tc.err, ran, err)
			}
			written, err := genutiltypes.AppGenesisFromFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if limit := written.Consensus.Params.Block.MaxGas; (limit == 77) != (tc.err == nil) {
				t.Errorf("found a limit of %d", limit)
			}
		})
	}
}
