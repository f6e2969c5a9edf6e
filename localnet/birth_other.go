//go:build unix && !linux

package localnet

import (
	"fmt"
	"os/exec"
	"strconv"
	"strings"
)

// birth returns when a process began, as ps prints it. The kernel reuses pids, but pid and birth together name one
// process.
func birth(pid int) (string, error) {
	out, err := exec.Command("ps", "-o", "lstart=", "-p", strconv.Itoa(pid)).Output()
	if err != nil {
		return "", fmt.Errorf("find process %d: %w", pid, err)
	}
	return strings.TrimSpace(string(out)), nil
}
