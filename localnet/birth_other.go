//go:build unix && !linux

package localnet

import (
	"fmt"
	"os/exec"
	"strconv"
	"strings"
)

// birth tells when a process began, as ps prints it: with its pid it names one process for good, since the kernel gives
// a pid out again.
func birth(pid int) (string, error) {
	out, err := exec.Command("ps", "-o", "lstart=", "-p", strconv.Itoa(pid)).Output()
	if err != nil {
		return "", fmt.Errorf("find process %d: %w", pid, err)
	}
	return strings.TrimSpace(string(out)), nil
}
