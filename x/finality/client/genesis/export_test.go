package genesis

// ParseVoter is parseVoter.
var ParseVoter = parseVoter
