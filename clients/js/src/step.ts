/** A step of a verification. Protocol §13.6 to §13.8 list the steps in order. */
export type Step =
  | "decode" | "chain" | "subject" | "trust" | "expired" | "future" | "anchor" | "order" | "degraded" | "extends" | "set" | "next" | "source" | "signers" | "quorum"
  | "signature" | "inclusion" | "consistency" | "header" | "tx" | "result" | "state";

/** A verification failed: at which step, and why. */
export class StepError extends Error {
  override readonly name = "StepError";

  constructor(readonly step: Step, reason: string) {
    super(`${step}: ${reason}`);
  }
}

/** Throws a StepError unless a condition holds. */
export function check(holds: boolean, step: Step, reason: () => string): asserts holds {
  if (!holds) throw new StepError(step, reason());
}
