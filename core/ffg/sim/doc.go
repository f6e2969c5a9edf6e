// Package sim attacks the rules of package ffg. It holds three ways to look for a violation, from thorough to wide:
//
//   - Fixed and Installing describe small worlds that Search visits exhaustively: every order of proposing and voting
//     over two forks, by voters who do anything that is not slashable. They are the Go twins of the TLA+ models that the
//     protocol was checked with (KFinality and Installation).
//   - World runs random schedules with real checkpoints, votes and voter sets, many forks and villains (one file each).
//   - Tree judges any set of votes, signed by anyone for any link, against accountable safety.
//
// All three take their Rules as function values, by default those of ffg: breaking a rule there makes the tests here
// find the attack that it allowed. Mutants are rules broken on purpose, to show that they would.
package sim
