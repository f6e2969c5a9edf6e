// Package event names the events in the logs of voters and signers. Each line has one as its attribute "event". The names are stable, so
// that programs and tests can wait for them; the messages beside them are for people and may change.
package event

import "log/slog"

func named(name string) slog.Attr { return slog.String("event", name) }

// Alarm logs an alarm: something that does not pass by itself, or that puts stake at risk. Every line with AlarmPrefix, and none
// other, has the level ERROR.
func Alarm(log *slog.Logger, message string, args ...any) { log.Error(AlarmPrefix+message, args...) }

// AlarmPrefix begins the message of every alarm.
const AlarmPrefix = "ALARM: "

// Events of the voter client.
var (
	KeysIgnored  = named("keystores_ignored") // because voter.toml has a [signer]
	KeysUnlisted = named("keystores_unlisted")
	Started      = named("voter_started")
	Stopped      = named("voter_stopped")
	UsingSigner  = named("using_signer")
	SignerLost   = named("signer_lost")
	SignerBack   = named("signer_back")
	KeyFound     = named("key_found")
	KeyRemoved   = named("key_removed")
	Voted        = named("voted")
	NotTaken     = named("vote_not_taken") // by the node, for now
	NotVoting    = named("not_voting")     // the attribute "code" says why: a reason of docs/operations.md
	VotingAgain  = named("voting_again")
	Recorded     = named("vote_recorded")
	SentAgain    = named("vote_sent_again")
	NotRecorded  = named("vote_not_recorded")
	LookupFailed = named("lookup_failed")
	Jailed       = named("jailed")
	Tombstoned   = named("tombstoned")
	OutOfJail    = named("out_of_jail")

	AlarmBegan = named("alarm_began")
	AlarmEnded = named("alarm_ended")

	MonitorStarted = named("monitor_started")
	MonitorEnded   = named("monitor_ended") // or never started
)

// Events of nodes and witnesses.
var (
	UsingNode     = named("using_node")
	NoHealthyNode = named("no_healthy_node")
	Healthy       = named("healthy")
	Unhealthy     = named("unhealthy")
	Skipped       = named("skipped")
	Listening     = named("listening")
	EventsLost    = named("events_lost")
	TakesVotes    = named("takes_votes")
	TakesNoVotes  = named("takes_no_votes")

	BlocksStopped = named("blocks_stopped")
	BlocksResumed = named("blocks_resumed")
	BlocksOld     = named("blocks_old")
	BlocksRecent  = named("blocks_recent")
	BlocksDiffer  = named("blocks_differ")
	BlocksAgree   = named("blocks_agree")

	Contradicted = named("contradicted") // by a witness
	Unconfirmed  = named("unconfirmed")  // by any witness
	Confirmed    = named("confirmed")
)

// Events of a signer, and of keys that come and go.
var (
	SignerStarted     = named("signer_started")
	SignerStopped     = named("signer_stopped")
	SigningWith       = named("signing_with_key")
	Signed            = named("signed")
	NotSigned         = named("not_signed")
	Refused           = named("refused")
	RefusedAgain      = named("refused_again")
	RequestRefused    = named("request_refused")
	ConnectionRefused = named("connection_refused")
	CertificateBad    = named("certificate_unusable")
	CertificateEnds   = named("certificate_expires")

	KeyOpening        = named("key_opening")
	KeyLeftOut        = named("key_left_out")
	KeyImported       = named("key_imported")
	KeyDeleted        = named("key_deleted")
	KeymanagerStarted = named("keymanager_started")
	KeymanagerEnded   = named("keymanager_ended")
)
