package trusted

import serverconfig "github.com/cosmos/cosmos-sdk/server/config"

// NodeConfig is app.toml: the SDK's settings and ours.
type NodeConfig struct {
	serverconfig.Config `mapstructure:",squash"`
	// Checkpoints that the chain must contain, each EPOCH:ROOT.
	Checkpoints []string `mapstructure:"trusted-checkpoint"`
}

// ConfigTemplate is that of app.toml. Our setting is first: after the SDK's it would be part of the last table.
const ConfigTemplate = `# Finalized checkpoints that this node's own chain must contain, each "EPOCH:ROOT". The node stops, at its start or when it
# gets there, if its chain has another one. 'dualchaind import-certificate' adds some that are proven.
` + Option + ` = [{{ range $i, $c := .Checkpoints }}{{ if $i }}, {{ end }}{{ printf "%q" $c }}{{ end }}]

` + serverconfig.DefaultConfigTemplate
