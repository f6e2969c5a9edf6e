package localnet

import (
	"os/exec"
	"strings"
	"testing"
)

func TestANodeThatNeedsAnUpgradeIsShownAsSuch(t *testing.T) {
	for script, want := range map[string]string{"exit 0": "exit status 0", "exit 1": "exit status 1", "exit 3": "exit status 3: an upgrade"} {
		if found := exitText(exec.Command("sh", "-c", script).Run()); !strings.HasPrefix(found, want) {
			t.Errorf("%s: expected %q, found %q", script, want, found)
		}
	}
}
