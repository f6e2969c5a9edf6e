package cmd

import (
	"fmt"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"github.com/dualchain/dualchain/voter"
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
		Short: "Make a private authority and the certificates of signer and voters that are missing",
		Long: `Make a private authority and the certificates of signer and voters that are missing.

The folder gets ca.crt and ca.key, server.crt and server.key for the signer, NAME.crt and NAME.key for each of --clients. A voter
needs its own two files and ca.crt. Whoever has ca.key can make certificates that the signer accepts: keep it elsewhere.

What is there stays. To renew a certificate, move its two files away and run this again; signer and voters notice by
themselves. To add a voter, run this again with its name.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if !cmd.Flags().Changed("dir") {
				home, err := voterHome(cmd)
				if err != nil {
					return err
				}
				folder = filepath.Join(string(home), voter.TLSFolder)
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
			return printJSON(cmd, issued)
		},
	}
	cmd.Flags().StringVar(&folder, "dir", "", "folder of the files (default tls in the signer's home)")
	cmd.Flags().StringSliceVar(&hosts, "hosts", []string{"localhost", "127.0.0.1"}, "names and addresses by which voters reach the signer")
	cmd.Flags().StringSliceVar(&clients, "clients", []string{"voter"}, "names of the voters")
	cmd.Flags().Uint16Var(&authorityDays, flagAuthorityDays, 3650, "days that a new authority is valid")
	cmd.Flags().Uint16Var(&days, flagDays, 730, "days that new certificates of signer and voters are valid, at most as long as the authority")
	return cmd
}
