package integration

import (
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/dualchain/dualchain/app"
	"github.com/dualchain/dualchain/testutil/fixture"
	"github.com/dualchain/dualchain/testutil/long"
	checkpointtypes "github.com/dualchain/dualchain/x/checkpoint/types"
	"github.com/dualchain/dualchain/x/finality/types"
)

// mutate visits a module's genesis with every change of every field: see change.
func mutate(t *testing.T, state app.GenesisState, module string, visit func(name string, changed func() app.GenesisState)) {
	t.Helper()
	var tree any
	decoder := json.NewDecoder(strings.NewReader(string(state[module])))
	decoder.UseNumber()
	require.NoError(t, decoder.Decode(&tree))
	changed := func() app.GenesisState {
		raw, err := json.Marshal(tree)
		require.NoError(t, err)
		whole := maps.Clone(state)
		whole[module] = raw
		return whole
	}
	var walk func(path string, node any, set func(any))
	walk = func(path string, node any, set func(any)) {
		for _, other := range change(node) {
			set(other)
			visit(fmt.Sprintf("%s=%.40v", path, other), changed)
		}
		set(node)
		switch node := node.(type) {
		case map[string]any:
			for _, name := range slices.Sorted(maps.Keys(node)) {
				walk(path+"."+name, node[name], func(v any) { node[name] = v })
			}
		case []any:
			for i := range node {
				walk(fmt.Sprintf("%s[%d]", path, i), node[i], func(v any) { node[i] = v })
			}
		}
	}
	walk(module, tree, func(v any) { tree = v })
}

// change returns other values of a field: its neighbours and the ends of its range, another time, another digit, and lists that
// lack an entry, have it twice, or have it in another place.
func change(node any) []any {
	switch node := node.(type) {
	case bool:
		return []any{!node}
	case json.Number:
		return []any{json.Number("0"), json.Number("1"), json.Number(strconv.Itoa(math.MaxUint32))}
	case []any:
		if len(node) == 0 {
			return nil
		}
		last := len(node) - 1
		changed := []any{[]any{}, node[:last], append(slices.Clone(node), node[last])}
		if last > 0 {
			swapped := slices.Clone(node)
			swapped[0], swapped[last] = swapped[last], swapped[0]
			changed = append(changed, node[1:], swapped)
		}
		return changed
	case string:
		return changeText(node)
	}
	return nil
}

func changeText(text string) []any {
	if n, err := strconv.ParseUint(text, 10, 64); err == nil {
		numbers := []any{"0", strconv.FormatUint(n+1, 10), strconv.FormatInt(math.MaxInt64, 10), strconv.FormatUint(math.MaxUint64, 10)}
		if n > 0 {
			numbers = append(numbers, strconv.FormatUint(n-1, 10))
		}
		return slices.DeleteFunc(numbers, func(v any) bool { return v == text })
	}
	if at, err := time.Parse(time.RFC3339Nano, text); err == nil {
		return []any{"0001-01-01T00:00:00Z", at.Add(time.Second).Format(time.RFC3339Nano), "9999-12-31T23:59:59Z"}
	}
	if text == "" {
		return []any{"1", "dual"}
	}
	first := "0"
	if text[0] == '0' {
		first = "1"
	}
	return []any{"", first + text[1:], text + "0"}
}

// A genesis of a running chain with any field changed is refused, or the chain runs: it makes blocks with votes and settlements,
// and its invariants hold.
func TestAChangedGenesisIsRefusedOrRuns(t *testing.T) {
	f := story(node(t))
	exported := f.Export()
	step, blocks := 61, 40 // a prime: changes of one kind come in small groups
	if long.Run() {
		step, blocks = 1, 200
	}
	all, refused, ran := 0, 0, 0
	for _, module := range []string{types.ModuleName, checkpointtypes.ModuleName} {
		mutate(t, exported, module, func(name string, changed func() app.GenesisState) {
			if all++; all%step != 0 {
				return
			}
			t.Run(name, func(t *testing.T) {
				g := importChanged(t, f, changed())
				if g == nil {
					refused++
					return
				}
				for range blocks {
					g.TryBlock()
				}
				ran++
			})
		})
	}
	t.Logf("%d of %d changes: %d refused, %d ran", refused+ran, all, refused, ran)
	require.NotZero(t, refused)
	require.NotZero(t, ran)
}

// importChanged imports a state in place of the chain's own, or returns nil if it is refused.
func importChanged(t *testing.T, f *fixture.Fixture, state app.GenesisState) (g *fixture.Fixture) {
	t.Helper()
	if err := f.App.Basics().ValidateGenesis(f.App.Encoding().Codec, f.App.Encoding().TxConfig, state); err != nil {
		return nil
	}
	defer func() {
		switch refusal := recover().(type) {
		case nil:
		case runtime.Error:
			require.NoError(t, refusal, "it crashed")
		default:
			g = nil
		}
	}()
	return f.In(t).Import(fixture.Genesis(func(_ app.Encoding, own app.GenesisState) {
		maps.Copy(own, state)
	}))
}
