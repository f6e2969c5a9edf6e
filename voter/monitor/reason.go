package monitor

// Severity says how bad it is that a key does not vote.
type Severity int

// From what is in order to what somebody has to look at now.
const (
	Waiting Severity = iota // as it should be: nothing to vote on yet
	Trouble                 // passes by itself, most likely
	Alarm                   // does not pass by itself, or the stake may be at risk
)

// GuardPrefix begins the code of every refusal of slashing protection.
const GuardPrefix = "guard_"

// Reason is why a key does not vote: one row of a table that logs, metrics, /status and the documentation share.
type Reason struct {
	Code     string // short and stable: a label of metrics
	Severity Severity
	Message  string // what the log says
	Advice   string // what it means, and what to do
}

// Standing is a reason that holds now.
type Standing struct {
	Code      string `json:"code"`
	Alarm     bool   `json:"alarm"`
	PublicKey string `json:"public_key,omitempty"` // whom it concerns; nobody in particular if empty
	Error     string `json:"error"`
	Advice    string `json:"advice,omitempty"`
}
