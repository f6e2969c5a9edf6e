/**
 * Verifies the finality of dualchain: certificates, hand-overs between voter sets, and proofs that a block, a transaction or a piece of
 * state is final, offline and from one trusted checkpoint. docs/protocol.md in the repository is the specification.
 */
export { Keys } from "./bls.js";
export { domainOf, refOf, rootOfCheckpoint, type Checkpoint, type Ref } from "./checkpoint.js";
export { newPair, verifyCertificate, withNext, type Certificate, type Link, type Pair } from "./certificate.js";
export { validateTrust, validateTrustAt, verifyChain, type HandOver, type Mode, type NextSet, type Options, type Reached, type Trust } from "./chain.js";
export * from "./codec.js";
export { readProof } from "./answer.js";
export { parseCertificate, parseHandOver, parseProof, parseTrust } from "./json.js";
export {
  verifyBlock, verifyConsistency, verifyProof, type BlockProof, type Outcome, type Proof, type ProofOptions, type StateProof, type Subject, type TxProof,
} from "./proof.js";
export { amountOf, balanceKey } from "./bank.js";
export { LightClient, NotThereError, UnavailableError, type ClientOptions } from "./client.js";
export { StepError, type Step } from "./step.js";
export type { Member, Side, Voter, VoterSet } from "./voterset.js";
