package cli

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"

	"github.com/spf13/cobra"

	"github.com/cosmos/cosmos-sdk/client"

	"github.com/cosmos/cosmos-sdk/client/flags"

	"github.com/dualchain/dualchain/core/ffg"
	"github.com/dualchain/dualchain/internal/command"
	"github.com/dualchain/dualchain/voter/custody"
	"github.com/dualchain/dualchain/voter/guard"
	"github.com/dualchain/dualchain/voter/home"
)

func guardCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "guard",
		RunE:  client.ValidateCmd, // an unknown subcommand is an error
		Short: "Export, import, show, prune and adopt the record of what the voter's keys have signed",
		Long: `Export, import, show, prune and adopt the record of what the voter's keys have signed: its slashing protection. Stop the voter first, because
it has the record locked.`,
	}
	cmd.AddCommand(exportGuardCommand(), importGuardCommand(), pruneGuardCommand(), showGuardCommand(), adoptGuardCommand())
	return cmd
}

// onGuard returns the body of a command that works on the slashing protection of a home.
func onGuard(do func(cmd *cobra.Command, g *guard.Guard, args []string) error) func(*cobra.Command, []string) error {
	return func(cmd *cobra.Command, args []string) error {
		dir, err := homeOf(cmd)
		if err != nil {
			return err
		}
		g, err := dir.OpenGuard()
		if err != nil {
			return err
		}
		return errors.Join(do(cmd, g, args), g.Close())
	}
}

// guardDomain returns the domain of --chain-id, else of the chain in voter.toml.
func guardDomain(cmd *cobra.Command) (ffg.Root, error) {
	chainID := command.FlagText(cmd, flags.FlagChainID)
	if chainID == "" {
		dir, err := homeOf(cmd)
		if err != nil {
			return ffg.Root{}, err
		}
		config, err := dir.LoadConfig()
		if err != nil {
			return ffg.Root{}, err
		}
		chainID = config.ChainID
	}
	if err := checkChainID(chainID); err != nil {
		return ffg.Root{}, err
	}
	return ffg.Domain(chainID), nil
}

func exportGuardCommand() *cobra.Command {
	var minimal bool
	cmd := &cobra.Command{
		Use:   "export",
		Short: "Print an interchange file (EIP-3076) of what the keys have signed on one chain",
		Long: `Print an interchange file (EIP-3076) of what the keys have signed on one chain. The file is out of date as soon as one of the keys signs
here again. To move a voter, use 'voter move'.`,
		Args: cobra.NoArgs,
		RunE: onGuard(func(cmd *cobra.Command, g *guard.Guard, _ []string) error {
			domain, err := guardDomain(cmd)
			if err != nil {
				return err
			}
			content, err := custody.Custody{Domain: domain, Guard: g}.FullHistory(minimal)
			if err != nil {
				return err
			}
			_, err = cmd.OutOrStdout().Write(content)
			return err
		}),
	}
	cmd.Flags().BoolVar(&minimal, "minimal", false, "export one vote for each key, which stands for all earlier ones")
	cmd.Flags().String(flags.FlagChainID, "", "the chain (default voter.toml's)")
	return cmd
}

func importGuardCommand() *cobra.Command {
	var fresh, alone bool
	cmd := &cobra.Command{
		Use:   "import FILE",
		Short: "Add what an interchange file (EIP-3076) says that keys have signed on one chain",
		Long: `Add what an interchange file (EIP-3076) says that keys have signed on one chain. An import never loosens protection: every vote that
would be slashable together with one in the record or in the file is refused afterwards. Keys with votes in the file may vote on that
chain, and on no other. Keys that were moved away or deleted here stay disabled, unless you give --` + guard.NoOtherMachineFlag + `
and their keystores are in the home: put back a keystore that was deleted with 'voter keys import' first. A file that can't be used changes
nothing in the record.`,
		Args: cobra.ExactArgs(1),
		PreRunE: func(cmd *cobra.Command, args []string) error {
			if !fresh {
				return nil
			}
			domain, content, err := interchangeOf(cmd, args[0])
			if err == nil {
				_, err = guard.Named(domain, content) // before a record that knows nothing exists
			}
			if err != nil {
				return err
			}
			dir, err := homeOf(cmd)
			if err != nil {
				return err
			}
			if err := guard.Create(dir.Path(guard.FileName)); !errors.Is(err, fs.ErrExist) {
				return err
			}
			return nil
		},
		RunE: onGuard(func(cmd *cobra.Command, g *guard.Guard, args []string) error {
			domain, content, err := interchangeOf(cmd, args[0])
			if err != nil {
				return err
			}
			dir, err := homeOf(cmd)
			if err != nil {
				return err
			}
			report, err := custody.Custody{Folder: dir.Keys(), Domain: domain, Guard: g}.Learn(content, alone)
			if err != nil {
				return err
			}
			advice := "If no other machine has it, repeat with --" + guard.NoOtherMachineFlag
			if alone {
				advice = "No keystore of it that can be read is in " + dir.Keys() + ": put it there with 'voter keys import', then repeat"
			}
			return printImport(cmd, g, report, advice)
		}),
	}
	cmd.Flags().BoolVar(&fresh, "new", false, "begin a record if the key has none; safe only if nothing was signed after the file was made")
	cmd.Flags().BoolVar(&alone, guard.NoOtherMachineFlag, false, "let keys in the file that were moved away or deleted, and whose keystores are here, vote again; if another machine has them, their stake is at risk")
	cmd.Flags().String(flags.FlagChainID, "", "the chain (default voter.toml's)")
	return cmd
}

// interchangeOf reads a file, and returns the domain that it has to be for.
func interchangeOf(cmd *cobra.Command, path string) (domain ffg.Root, content []byte, err error) {
	if domain, err = guardDomain(cmd); err == nil {
		content, err = readInterchange(path)
	}
	return domain, content, err
}

// readInterchange reads at most as much of a file as could be imported.
func readInterchange(path string) ([]byte, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("read interchange file: %w", err)
	}
	defer file.Close()
	content, err := io.ReadAll(io.LimitReader(file, guard.MaxInterchange+1))
	if err != nil {
		return nil, fmt.Errorf("read interchange file: %w", err)
	}
	return content, nil
}

// guardRecord is a vote in the output of a command.
type guardRecord struct {
	Source uint64 `json:"source_epoch"`
	Target uint64 `json:"target_epoch"`
}

type guardClash struct {
	First  guardRecord `json:"first"`
	Second guardRecord `json:"second"`
}

type guardImport struct {
	PubKey   string       `json:"pub_key"`
	Admitted bool         `json:"admitted"`
	Votes    int          `json:"votes"`
	Floor    guardRecord  `json:"floor"`
	Clashes  []guardClash `json:"clashes"`
}

// printImport prints what an import did. advice is for keys that stay retired.
func printImport(cmd *cobra.Command, g *guard.Guard, report guard.Report, advice string) error {
	out, clashing := []guardImport{}, 0
	for _, k := range report.Keys {
		entry := guardImport{PubKey: k.Key.String(), Admitted: k.Admitted, Votes: k.Votes, Floor: guardRecord(k.Floor), Clashes: []guardClash{}}
		for _, c := range k.Clashes {
			entry.Clashes = append(entry.Clashes, guardClash{
				First:  guardRecord{Source: c.First.Source, Target: c.First.Target},
				Second: guardRecord{Source: c.Second.Source, Target: c.Second.Target},
			})
		}
		if len(k.Clashes) > 0 {
			clashing++
		}
		out = append(out, entry)
	}
	for _, k := range report.Keys {
		if g.Retired(k.Key) {
			cmd.PrintErrf("WARNING: key %s stays retired: it was moved away or deleted here. %s.\n", k.Key, advice)
		}
		if k.Unknown {
			cmd.PrintErrf("WARNING: key %s is not admitted: the file has no vote of it. If it has never voted, anywhere, start once with --%s.\n", k.Key, home.NeverVotedFlag)
		}
	}
	if clashing > 0 {
		cmd.PrintErrf("WARNING: %d of %d keys have slashable votes, in the file or between it and the record, which may have been signed already. The voter won't sign "+
			"any of these votes again.\n", clashing, len(out))
	}
	return command.PrintJSON(cmd, out)
}

func adoptGuardCommand() *cobra.Command {
	var alone bool
	cmd := &cobra.Command{
		Use:   "adopt",
		Short: "Take the record of a home that was copied or restored for the original",
		Long: `Take the record of a home that was copied or restored for the original. A copy does not vote, because the original may, and because the
copy lacks what was signed since it was made. Only if the original can't vote any more, and nothing was signed since, give
--` + guard.NoOtherMachineFlag + `. To move a voter, use 'voter move'.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if !alone {
				return fmt.Errorf("expected --%s, found no such promise", guard.NoOtherMachineFlag)
			}
			dir, err := homeOf(cmd)
			if err != nil {
				return err
			}
			g, err := dir.OpenGuard(guard.Adopt())
			if err != nil {
				return err
			}
			return g.Close()
		},
	}
	cmd.Flags().BoolVar(&alone, guard.NoOtherMachineFlag, false, "the original can't vote any more, and has signed nothing since the copy was made; if it has, the stake is at risk")
	return cmd
}

func pruneGuardCommand() *cobra.Command {
	var keep int
	cmd := &cobra.Command{
		Use:   "prune",
		Short: "Forget all but the newest votes of each key and chain, and shrink the file",
		Long: `Forget all but the newest votes of each key and chain, and shrink the file. The forgotten votes are refused from then on, and so is every
vote that could conflict with them: targets up to the oldest vote that is kept, and sources before it.`,
		Args: cobra.NoArgs,
		RunE: onGuard(func(_ *cobra.Command, g *guard.Guard, _ []string) error {
			if keep < guard.Minimal {
				return fmt.Errorf("read --keep: expected %d or more, found %d", guard.Minimal, keep)
			}
			return g.Prune(keep)
		}),
	}
	cmd.Flags().IntVar(&keep, "keep", guard.Minimal, "how many votes to keep")
	return cmd
}

// guardSummary is the record of a key on one chain in the output of a command. A key that has signed nothing has no domain.
type guardSummary struct {
	PubKey  string       `json:"pub_key"`
	Retired bool         `json:"retired"`
	Domain  string       `json:"domain,omitempty"`
	Votes   int          `json:"votes"`
	Latest  *guardRecord `json:"latest,omitempty"`
	Floor   *guardRecord `json:"floor,omitempty"`
}

func showGuardCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "show",
		Short: "Show the record of each key: how many votes, the latest one, and the floor that stands for forgotten ones",
		Args:  cobra.NoArgs,
		RunE: onGuard(func(cmd *cobra.Command, g *guard.Guard, _ []string) error {
			all, err := g.List()
			if err != nil {
				return err
			}
			out := []guardSummary{}
			for _, s := range all {
				entry := guardSummary{PubKey: s.Key.String(), Retired: s.Retired, Votes: s.Votes}
				if s.Domain != (ffg.Root{}) {
					entry.Domain, entry.Floor = s.Domain.String(), &guardRecord{Source: s.Floor.Source, Target: s.Floor.Target}
				}
				if s.Votes > 0 {
					entry.Latest = &guardRecord{Source: s.Latest.Source, Target: s.Latest.Target}
				}
				out = append(out, entry)
			}
			return command.PrintJSON(cmd, out)
		}),
	}
}
