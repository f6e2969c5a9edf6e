// Package sim attacks the rules of package ffg. It looks for a violation in three ways, from thorough to wide:
//
//   - Fixed and Installing describe small worlds that Search visits exhaustively: every order of proposing and voting
//     on two forks, by voters who do anything that is not slashable. They are the Go twins of the TLA+ models with which
//     the protocol was checked (KFinality and Installation).
//   - World runs random schedules with real checkpoints, votes and voter sets, many forks, and adversaries (one file
//     each).
//   - Tree checks any set of votes, by any signers for any links, against accountable safety.
//
// All three take their Rules as function values, by default those of ffg. If a rule in ffg is broken, the tests here
// find the attack that the change allows. Mutants are rules broken on purpose, to show that the tests would find them.
package sim
