// Package exitcode names the exit codes that tell a supervisor why a process ended. Other errors are 1.
package exitcode

// Upgrade ends a node at an upgrade that its program does not know. The node goes on with a release that does.
const Upgrade = 3
