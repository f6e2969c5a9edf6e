import { ascii, concat, fromHex, toHex, type Hex } from "./bytes.js";
import type { Outcome } from "./proof.js";

// How x/bank of the Cosmos SDK keeps balances in its store, "bank": an amount as decimal text.

/** The key of an account's balance in one denomination. The address is the bytes behind the bech32 text: 20 or 32 of them. */
export function balanceKey(address: Uint8Array, denom: string): Hex {
  if (address.length === 0 || address.length > 255) throw new RangeError(`expected an address of 1 to 255 bytes, found ${address.length}`);
  return toHex(concat([Uint8Array.of(2, address.length), address, ascii(denom)]));
}

/** The amount that a verified proof of a balance shows: 0 if the store has nothing under the key. */
export function amountOf(outcome: Outcome): bigint {
  if (outcome.state?.store !== "bank") throw new RangeError("expected a proof of what the store bank has");
  if (outcome.state.value === "") return 0n;
  const text = new TextDecoder().decode(fromHex(outcome.state.value));
  if (!/^[0-9]+$/.test(text)) throw new RangeError("expected an amount, found something else: is the key that of a balance?");
  return BigInt(text);
}
