import { spreadOf } from "../../kit/spread.js";
import type { Price } from "./deliveries.js";
import type { Tree } from "./tree.js";

/** A batch as consumers see it: prices of a feed, which are published or not. */
export interface ModelBatch {
  readonly id: number;
  readonly feed: string;
  readonly mode: "append" | "replace";
  readonly prices: readonly Price[];
  published: boolean;
  settled: boolean;
}

/** Applies the rule of visibility to plain rows. `batches` are in the order of their first publish. */
export function visiblePrices(batches: readonly ModelBatch[]): Price[] {
  return batches.flatMap((batch, index) => {
    if (!batch.published) return [];
    const later = batches
      .slice(index + 1)
      .filter(({ feed, mode, published }) => feed === batch.feed && mode === "replace" && published);
    return batch.prices.filter(({ day }) => !later.some(({ prices }) => prices.some((price) => price.day === day)));
  });
}

/** What consumers see of these prices, in the form that `seen` returns. */
export function rollUp(tree: Tree, prices: readonly Price[]): Map<string, string> {
  const totals = new Map<string, [count: number, sum: number]>();
  for (const { origin, destination, day, price } of prices) {
    for (const from of tree.above.get(origin) ?? []) {
      for (const to of tree.above.get(destination) ?? []) {
        const key = `${from}>${to} ${day}`;
        const [count, sum] = totals.get(key) ?? [0, 0];
        totals.set(key, [count + 1, sum + price]);
      }
    }
  }
  return new Map([...totals].map(([key, [count, sum]]) => [key, `${count}/${sum}`]));
}

/** Low, median and high of these prices between ports, in the form that `seenSpreads` returns. */
export function spreads(prices: readonly Price[]): Map<string, string> {
  const held = new Map<string, number[]>();
  for (const { origin, destination, day, price } of prices) {
    const key = `${origin}>${destination} ${day}`;
    held.set(key, [...(held.get(key) ?? []), price]);
  }
  return new Map([...held].map(([key, some]) => [key, Object.values(spreadOf(some, 1)).join("/")]));
}
