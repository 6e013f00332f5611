import { type Changes, changesAt } from "./changes.js";
import { meanOf } from "./moving-mean.js";
import type { Rate } from "./rates.js";
import type { LaneView } from "./view.js";

type Rated = Rate & { readonly price: number };

/** The figures of a lane on the days that are shown, in US dollars. Undefined where no day has a rate. */
export interface Summary {
  readonly latest: Rated | undefined;
  /** Changes of the latest rate. */
  readonly changes: Changes;
  /** Mean of all prices. */
  readonly mean: number | null;
  readonly lowest: Rated | undefined;
  readonly highest: Rated | undefined;
  readonly ratedDays: number;
}

export function summaryOf({ rates, history, start }: LaneView): Summary {
  const rated = rates.filter((rate): rate is Rated => rate.price !== null);
  const byPrice = [...rated].sort((a, b) => a.price - b.price);
  const latest = rated[rated.length - 1];
  return {
    latest,
    changes: changesAt(history, latest ? start + rates.indexOf(latest) : -1),
    mean: meanOf(rates),
    lowest: byPrice[0],
    highest: byPrice[byPrice.length - 1],
    ratedDays: rated.length,
  };
}

/**
 * How much more a lane costs than another, over the days on which both have a rate: 0.1 for 10 % more. Undefined if
 * there is no such day.
 */
export function differenceBetween(lane: readonly Rate[], other: readonly Rate[]): number | undefined {
  let sum = 0;
  let otherSum = 0;
  for (const [index, { price }] of lane.entries()) {
    const otherPrice = other[index]?.price ?? null;
    if (price === null || otherPrice === null) continue;
    sum += price;
    otherSum += otherPrice;
  }
  return otherSum === 0 ? undefined : sum / otherSum - 1;
}
