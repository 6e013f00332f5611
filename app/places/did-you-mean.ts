import type { Place } from "./place.js";

const list = new Intl.ListFormat("en", { type: "disjunction" });

/** A sentence about the places that may have been meant, after a space; empty if there are none. */
export function didYouMean(places: readonly Place[]): string {
  const named = places.map(({ code, name }) => `${code} (${name})`);
  return named.length === 0 ? "" : ` Did you mean ${list.format(named)}?`;
}
