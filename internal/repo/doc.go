// Package repo holds tests about the repository itself: what its documents cite and link to, its licence, and that every
// Go module takes part in every make target. It has no code.
package repo
