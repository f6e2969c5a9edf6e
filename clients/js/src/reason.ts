import { isObject } from "./answer.js";

/** Why a node refuses a query, with the gRPC code of the refusal: the table of docs/errors.md. */
export const reasons: ReadonlyMap<unknown, number> = new Map<unknown, number>([
  ["INVALID_REQUEST", 3],
  ["OUT_OF_RANGE", 11],
  ["BEFORE_ANCHOR", 11],
  ["OUT_OF_GAS", 8],
  ["NOT_ANCHORED", 5],
  ["NO_OPEN_EPOCH", 9],
  ["NOTHING_FINAL", 9],
  ["NO_CERTIFICATE", 5],
  ["EPOCH_NOT_FINAL", 5],
  ["BLOCK_NOT_FINAL", 9],
  ["BLOCK_TO_COME", 9],
  ["NOT_COVERED", 5],
  ["NOT_KEPT", 5],
  ["NODE_LACKS", 9],
  ["TX_NOT_FOUND", 5],
  ["TX_NOT_INDEXED", 9],
  ["PROOF_TOO_LARGE", 9],
  ["TOO_MANY_LINKS", 9],
  ["VOTER_NOT_FOUND", 5],
  ["NOT_FOUND", 5],
]);

/** Whether a node lacks what it was asked for, perhaps only for now. The reason decides, or the gRPC code if no reason is known. */
export function isMissing(status: { readonly [name: string]: unknown }): boolean {
  const details: unknown[] = Array.isArray(status.details) ? status.details : [];
  const info = details.filter(isObject).find((detail) => detail.domain === "dualchain" && reasons.has(detail.reason));
  const code = info ? reasons.get(info.reason) : status.code;
  const [notFound, failedPrecondition] = [5, 9]; // gRPC codes
  return code === notFound || code === failedPrecondition;
}
