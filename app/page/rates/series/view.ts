import { type Day, daysIn } from "../../day.js";
import { type CompleteLane, letterOf } from "../question/lane.js";
import type { DayRange } from "../question/range.js";
import { baseDay, baseValue, indexTo100 } from "./index-to-100.js";
import { movingMean } from "./moving-mean.js";
import type { Rate, RatesAnswer } from "./rates.js";

/** How a lane is shown on the days that are shown. All lists have one entry for each of these days. */
export interface LaneView {
  readonly lane: CompleteLane;
  readonly position: number;
  readonly letter: string;
  /** `Shanghai to Rotterdam` */
  readonly name: string;
  readonly rates: readonly Rate[];
  /** What the chart draws: US dollars, or percent of the first day. */
  readonly values: readonly (number | null)[];
  /** Mean of seven days, in the same unit. Undefined if it is not shown. */
  readonly means: readonly (number | null)[] | undefined;
  /** Days before and after those that are shown, to compare with. */
  readonly history: readonly Rate[];
  /** Index in `history` of the first day that is shown. */
  readonly start: number;
}

/** The part of an answer that is shown, and how. */
export interface View {
  readonly days: DayRange;
  readonly lanes: readonly LaneView[];
  readonly indexed: boolean;
  /** The day on which all lanes are 100; undefined if they are not indexed or have no such day. */
  readonly hundred: Day | undefined;
}

export interface ViewOptions {
  readonly zoom: DayRange | undefined;
  readonly mean: boolean;
  readonly indexed: boolean;
  readonly nameOf: (lane: CompleteLane) => string;
}

/** What is shown of an answer. */
export function viewOf(answer: RatesAnswer, { zoom, mean, indexed, nameOf }: ViewOptions): View {
  const days = shownDays(answer.days, zoom);
  const first = daysIn(answer.days.dateFrom, days.dateFrom) - 1;
  const length = daysIn(days.dateFrom, days.dateTo);
  const shown = answer.lanes.map(({ lane, position, history, start }) => {
    const from = start + first;
    const rates = history.slice(from, from + length);
    return {
      lane,
      position,
      letter: letterOf(position),
      name: nameOf(lane),
      rates,
      values: rates.map(({ price }) => price),
      means: mean ? movingMean(history).slice(from, from + length) : undefined,
      history,
      start: from,
    };
  });
  if (!indexed) return { days, lanes: shown, indexed, hundred: undefined };
  const base = baseDay(shown.map(({ values, means }) => means ?? values));
  return {
    days,
    indexed,
    hundred: base === undefined ? undefined : shown[0]?.rates[base]?.day,
    lanes: shown.map((lane) => {
      const hundred = baseValue(lane.means ?? lane.values, base);
      return {
        ...lane,
        values: indexTo100(lane.values, hundred),
        means: lane.means && indexTo100(lane.means, hundred),
      };
    }),
  };
}

/**
 * The part of the range that the zoom leaves. All of it if that is under two days, as in a link to an earlier range.
 */
function shownDays(range: DayRange, zoom: DayRange | undefined): DayRange {
  if (!zoom) return range;
  const dateFrom = zoom.dateFrom > range.dateFrom ? zoom.dateFrom : range.dateFrom;
  const dateTo = zoom.dateTo < range.dateTo ? zoom.dateTo : range.dateTo;
  return dateFrom < dateTo ? { dateFrom, dateTo } : range;
}
