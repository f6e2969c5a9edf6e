// Package long tells tests how much to do. `make test` does a twentieth of what `make test-long` does.
package long

import "os"

// Variable is the environment variable that `make test-long` sets to 1.
const Variable = "DUALCHAIN_LONG"

// factor is how much more a long run does.
const factor = 20

// Run reports whether this is a long run.
func Run() bool { return os.Getenv(Variable) == "1" }

// Count returns n, or twenty times n in a long run.
func Count(n int) int {
	if Run() {
		return factor * n
	}
	return n
}
