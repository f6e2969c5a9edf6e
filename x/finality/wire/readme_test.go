package wire_test

import (
	"os"
	"strings"
	"testing"

	"github.com/cosmos/cosmos-sdk/baseapp"
	"github.com/cosmos/cosmos-sdk/client"
	"github.com/cosmos/cosmos-sdk/codec"
	sdk "github.com/cosmos/cosmos-sdk/types"
	"github.com/cosmos/cosmos-sdk/types/mempool"
	"github.com/cosmos/cosmos-sdk/types/module"
	authkeeper "github.com/cosmos/cosmos-sdk/x/auth/keeper"
	bankkeeper "github.com/cosmos/cosmos-sdk/x/bank/keeper"
	stakingkeeper "github.com/cosmos/cosmos-sdk/x/staking/keeper"
	"github.com/cosmos/cosmos-sdk/x/tx/signing"

	"github.com/dualchain/dualchain/x/finality/abci"
	"github.com/dualchain/dualchain/x/finality/ante"
	"github.com/dualchain/dualchain/x/finality/wire"
)

// App is an application of the SDK as README.md's readers have one.
type App struct {
	*baseapp.BaseApp
	codec           codec.Codec
	AccountKeeper   authkeeper.AccountKeeper
	BankKeeper      bankkeeper.Keeper
	StakingKeeper   *stakingkeeper.Keeper
	ModuleManager   *module.Manager
	mempool         mempool.Mempool
	anteHandler     sdk.AnteHandler
	prepareProposal sdk.PrepareProposalHandler
}

// adopt is the snippet of README.md, against the SDK's own types. Its moments are apart in an app.go.
func (app *App) adopt(options signing.Options, permissions map[string][]string, authority string, clientCtx client.Context) error {
	// README.md begins.
	accounts := wire.Signers(&options).Accounts(permissions) // before the interface registry and the account keeper
	finality := accounts.Keepers(wire.Base{                  // after the account, bank and staking keepers
		App: app.BaseApp, Codec: app.codec, Authority: authority,
		Account: app.AccountKeeper, Bank: app.BankKeeper, Staking: app.StakingKeeper,
	})
	modules := finality.Modules(app.ModuleManager) // once the manager has your modules and their orders
	app.SetMempool(wire.Mempool(app.mempool))
	app.SetAnteHandler(ante.Wrap(app.anteHandler))
	handlers := modules.Handlers(abci.Own{PrepareProposal: app.prepareProposal})
	if err := wire.Seal(handlers); err != nil { // last, before the state is loaded: names a step that is missing
		return err
	}
	handlers.RegisterServices(clientCtx) // in RegisterTxService
	// README.md ends.
	return nil
}

func TestTheSnippetOfTheReadmeCompiles(t *testing.T) {
	_ = (*App).adopt
	source, err := os.ReadFile("readme_test.go")
	if err != nil {
		t.Fatal(err)
	}
	readme, err := os.ReadFile("../../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, code, _ := strings.Cut(string(source), "// README.md begins.\n")
	code, _, found := strings.Cut(code, "\t// README.md ends.\n")
	if !found || strings.Count(code, "\n") > 15 {
		t.Fatalf("expected at most 15 lines between the marks, found %d", strings.Count(code, "\n"))
	}
	var unindented strings.Builder
	for line := range strings.Lines(code) {
		unindented.WriteString(strings.TrimPrefix(line, "\t"))
	}
	if block := "```go\n" + unindented.String() + "```\n"; !strings.Contains(string(readme), block) {
		t.Errorf("expected README.md to have exactly this block:\n%s", block)
	}
}
