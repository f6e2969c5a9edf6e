package wire

import (
	"context"
	"fmt"
	"slices"

	"github.com/cosmos/cosmos-sdk/types/module"
	authtypes "github.com/cosmos/cosmos-sdk/x/auth/types"
	banktypes "github.com/cosmos/cosmos-sdk/x/bank/types"
	distrtypes "github.com/cosmos/cosmos-sdk/x/distribution/types"
	minttypes "github.com/cosmos/cosmos-sdk/x/mint/types"

	"github.com/dualchain/dualchain/x/checkpoint"
	checkpointtypes "github.com/dualchain/dualchain/x/checkpoint/types"
	"github.com/dualchain/dualchain/x/finality"
	finalitytypes "github.com/dualchain/dualchain/x/finality/types"
)

// Modules adds both modules to a manager that has the chain's own modules and orders, and puts them into each order. Call
// it before the manager registers services and before a BasicManager is made from it.
func (k Keepers) Modules(manager *module.Manager) Modules {
	m := Modules{keepers: k, manager: manager, check: new(check)}
	manager.Modules[finalitytypes.ModuleName] = k.layer(m.beforeBlock)
	manager.Modules[checkpointtypes.ModuleName] = checkpoint.NewAppModule(k.Checkpoint)

	last := []string{finalitytypes.ModuleName, checkpointtypes.ModuleName}
	manager.OrderBeginBlockers = append(insertFinality(manager.OrderBeginBlockers), checkpointtypes.ModuleName)
	manager.OrderEndBlockers = slices.Concat(manager.OrderEndBlockers, last)
	manager.OrderInitGenesis = slices.Concat(manager.OrderInitGenesis, last)
	manager.OrderExportGenesis = slices.Concat(manager.OrderExportGenesis, last)
	if order := manager.OrderMigrations; order != nil { // nil is the SDK's own order at the time of an upgrade
		at := len(order)
		if at > 0 && order[at-1] == authtypes.ModuleName { // the SDK wants x/auth last
			at--
		}
		manager.OrderMigrations = slices.Insert(slices.Clone(order), at, last...)
	}
	return m
}

// layer returns x/finality as a module.
func (k Keepers) layer(beforeBlock func(context.Context) error) finality.AppModule {
	m := finality.NewAppModule(k.Finality).BeforeBlock(beforeBlock)
	if k.base.Params.BondDenom == "" {
		return m
	}
	return m.WithParams(k.base.Params)
}

// insertFinality puts x/finality where it takes its share of fees and inflation: before x/distribution empties the fee
// collector, which x/mint has filled.
func insertFinality(order []string) []string {
	at := slices.Index(order, distrtypes.ModuleName)
	if at < 0 {
		at = slices.Index(order, minttypes.ModuleName) + 1
	}
	return slices.Insert(slices.Clone(order), at, finalitytypes.ModuleName)
}

// checkOrders returns what is wrong with the manager's orders.
func (m Modules) checkOrders() error {
	for _, rule := range []struct {
		name          string
		order         []string
		before, after string
	}{
		{"BeginBlock", m.manager.OrderBeginBlockers, minttypes.ModuleName, finalitytypes.ModuleName},
		{"BeginBlock", m.manager.OrderBeginBlockers, finalitytypes.ModuleName, distrtypes.ModuleName},
		{"BeginBlock", m.manager.OrderBeginBlockers, finalitytypes.ModuleName, checkpointtypes.ModuleName},
		{"EndBlock", m.manager.OrderEndBlockers, finalitytypes.ModuleName, checkpointtypes.ModuleName},
		{"InitGenesis", m.manager.OrderInitGenesis, banktypes.ModuleName, finalitytypes.ModuleName},
		{"InitGenesis", m.manager.OrderInitGenesis, finalitytypes.ModuleName, checkpointtypes.ModuleName},
		{"ExportGenesis", m.manager.OrderExportGenesis, finalitytypes.ModuleName, checkpointtypes.ModuleName},
	} {
		if _, has := m.manager.Modules[rule.before]; !has { // a chain may lack x/mint or x/distribution
			continue
		}
		if _, has := m.manager.Modules[rule.after]; !has {
			continue
		}
		before, after := slices.Index(rule.order, rule.before), slices.Index(rule.order, rule.after)
		if before < 0 || after < 0 || before > after {
			return fmt.Errorf("%s: expected %s before %s, found %v", rule.name, rule.before, rule.after, rule.order)
		}
	}
	if order := m.manager.OrderMigrations; order != nil { // either may come first
		for _, name := range []string{finalitytypes.ModuleName, checkpointtypes.ModuleName} {
			if !slices.Contains(order, name) {
				return fmt.Errorf("migrations: expected %s, found %v", name, order)
			}
		}
	}
	return nil
}
