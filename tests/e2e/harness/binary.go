// Package harness runs real networks for end-to-end tests: the users' program, one process per validator and voter, and the
// users' commands. Nothing here sleeps: tests await conditions with a deadline.
package harness

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
)

// BinaryEnv names a dualchaind to test instead of building one.
const BinaryEnv = "DUALCHAIND_BIN"

// Binary returns the path of the program under test, and builds it to build/dualchaind unless BinaryEnv names one.
func Binary() (string, error) {
	if bin := os.Getenv(BinaryEnv); bin != "" {
		return filepath.Abs(bin)
	}
	root, err := filepath.Abs(filepath.Join("..", ".."))
	if err != nil {
		return "", fmt.Errorf("find the repository: %w", err)
	}
	bin := filepath.Join(root, "build", "dualchaind")
	build := exec.Command("make", "-s", "build") // with the flags of every other build, so that nothing is built twice
	build.Dir, build.Stdout, build.Stderr = root, os.Stderr, os.Stderr
	if err := build.Run(); err != nil {
		return "", fmt.Errorf("build dualchaind: %w", err)
	}
	return bin, nil
}
