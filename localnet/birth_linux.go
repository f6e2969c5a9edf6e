package localnet

import (
	"bytes"
	"fmt"
	"os"
	"strconv"
)

// birth returns when a process began, in clock ticks since boot. The kernel reuses pids, but pid and birth together name
// one process. A process that ended and is not waited for yet has no birth, because nothing of it runs.
func birth(pid int) (string, error) {
	stat, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	if err != nil {
		return "", fmt.Errorf("find process %d: %w", pid, err)
	}
	// The second field is the command's name in parentheses and may hold anything; state is the first after it and
	// starttime the 20th (proc_pid_stat(5)).
	fields := bytes.Fields(stat[bytes.LastIndexByte(stat, ')')+1:])
	if len(fields) < 20 {
		return "", fmt.Errorf("read /proc/%d/stat: expected at least 20 fields after the name, found %d", pid, len(fields))
	}
	if string(fields[0]) == "Z" {
		return "", fmt.Errorf("find process %d: it has ended", pid)
	}
	return string(fields[19]), nil
}
