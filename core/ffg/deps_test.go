package ffg_test

import (
	"os/exec"
	"slices"
	"strings"
	"testing"
)

// The rules must stay readable and verifiable on their own: ffg imports the standard library only, its simulator
// nothing beyond ffg.
func TestImportsStandardLibraryOnly(t *testing.T) {
	const ffg = "github.com/dualchain/dualchain/core/ffg"
	for pkg, allowed := range map[string][]string{
		ffg:          {ffg},
		ffg + "/sim": {ffg, ffg + "/sim"},
	} {
		out, err := exec.Command("go", "list", "-deps", "-f", "{{if not .Standard}}{{.ImportPath}}{{end}}", pkg).CombinedOutput()
		if err != nil {
			t.Fatalf("list the dependencies of %s: %v\n%s", pkg, err, out)
		}
		found := strings.Fields(string(out))
		slices.Sort(found)
		if !slices.Equal(found, allowed) {
			t.Errorf("%s: expected dependencies %v beyond the standard library, found %v", pkg, allowed, found)
		}
	}
}
