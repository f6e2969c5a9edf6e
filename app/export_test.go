package app

import "context"

// Learn makes a running application know one more upgrade, as a restart with the next binary would.
func (app *App) Learn(name string, apply func(context.Context, Keepers) error) error {
	return app.registerUpgrades([]release{{name: name, apply: apply}}, "")
}
