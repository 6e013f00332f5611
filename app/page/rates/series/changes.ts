import { addDays, addMonths, type Day, daysIn } from "../../day.js";
import type { Rate } from "./rates.js";

/** How a rate differs from an earlier one. */
export interface Change {
  /** The earlier day. */
  readonly since: Day;
  /** 0.1 for 10 % more than then. */
  readonly ratio: number;
}

/** Undefined where there is nothing to compare with. */
export interface Changes {
  readonly week: Change | undefined;
  readonly month: Change | undefined;
  readonly year: Change | undefined;
}

/** If a day to compare with has no rate, the last rate of this many days before it is taken. */
const LENIENCE_DAYS = 6;

/**
 * The changes of one day against the days a week, a calendar month and a calendar year before.
 * @param history days without gaps, oldest first
 * @param at index of the day
 */
export function changesAt(history: readonly Rate[], at: number): Changes {
  const { day, price = null } = history[at] ?? {};
  if (day === undefined || price === null) return { week: undefined, month: undefined, year: undefined };
  const since = (earlier: Day): Change | undefined => {
    const base = rateUpTo(history, at - daysIn(earlier, day) + 1);
    return base?.price ? { since: base.day, ratio: price / base.price - 1 } : undefined;
  };
  return { week: since(addDays(day, -7)), month: since(addMonths(day, -1)), year: since(addMonths(day, -12)) };
}

function rateUpTo(history: readonly Rate[], index: number): Rate | undefined {
  for (let at = index; at >= Math.max(0, index - LENIENCE_DAYS); at--) {
    if ((history[at]?.price ?? null) !== null) return history[at];
  }
  return undefined;
}
