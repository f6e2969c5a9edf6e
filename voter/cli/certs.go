package cli

import (
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/dualchain/dualchain/internal/command"
	"github.com/dualchain/dualchain/voter/home"
	"github.com/dualchain/dualchain/voter/signerd"
)

const (
	oneDay            = 24 * time.Hour
	flagDays          = "days"
	flagAuthorityDays = "ca-days"
)

func signerCertsCommand() *cobra.Command {
	var folder string
	var hosts, clients []string
	var authorityDays, days uint16
	cmd := &cobra.Command{
		Use:   "certs",
		Short: "Make a private certificate authority, and certificates for the signer and its voters",
		Long: `Make a private certificate authority, and certificates for the signer and its voters.

The folder gets ca.crt and ca.key, server.crt and server.key for the signer, and NAME.crt and NAME.key for each of --clients. A voter
needs its own two files and ca.crt. Anybody who has ca.key can make certificates that the signer accepts: keep it elsewhere.

The command makes only the files that are missing. To renew a certificate, move its two files away and run the command again; signer and
voters notice the new files. To add a voter, run the command again with its name.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if !cmd.Flags().Changed("dir") {
				dir, err := homeOf(cmd)
				if err != nil {
					return err
				}
				folder = dir.Path(home.TLSFolder)
			}
			for _, given := range []struct {
				name string
				days uint16
			}{{flagAuthorityDays, authorityDays}, {flagDays, days}} {
				if given.days < 1 {
					return fmt.Errorf("%w: --%s: expected 1 or more, found %d", signerd.ErrCertificate, given.name, given.days)
				}
			}
			issued, err := signerd.Issue(signerd.Plan{
				Folder: folder, Hosts: hosts, Clients: clients,
				Authority: time.Duration(authorityDays) * oneDay, Leaf: time.Duration(days) * oneDay,
			})
			if err != nil {
				return err
			}
			return command.PrintJSON(cmd, issued)
		},
	}
	cmd.Flags().StringVar(&folder, "dir", "", "folder of the files (default tls in the signer's home)")
	cmd.Flags().StringSliceVar(&hosts, "hosts", []string{"localhost", "127.0.0.1"}, "host names and addresses of the signer")
	cmd.Flags().StringSliceVar(&clients, "clients", []string{"voter"}, "names of the voters")
	cmd.Flags().Uint16Var(&authorityDays, flagAuthorityDays, 3650, "how many days a new authority is valid")
	cmd.Flags().Uint16Var(&days, flagDays, 730, "how many days new certificates of the signer and its voters are valid, at most as long as the authority")
	return cmd
}
