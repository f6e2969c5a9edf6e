package sign

// Past is what a guard remembers of a key in one chain.
type Past struct {
	Signed bool   // whether a vote for the epoch in question was approved; true also if it is too long ago to tell
	Latest uint64 // the newest target epoch approved, 0 if none
}
