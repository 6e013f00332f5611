import { call, callJson, type Problem, ProblemError } from "../../api-client.js";
import { addDays, type Day, isDay } from "../../day.js";
import { type CompleteLane, isComplete, type Lane } from "../question/lane.js";
import { apiQuery } from "../question/question.js";
import { type DayRange, upTo } from "../question/range.js";

/**
 * One day as `GET /rates` returns it. `price` is null if there are fewer than three prices; `count` is null if there
 * are none.
 */
export interface Rate {
  readonly day: Day;
  readonly price: number | null;
  readonly count: number | null;
}

/** The answer for one lane. */
export interface LaneRates {
  readonly lane: CompleteLane;
  /** Index of the lane in the question. */
  readonly position: number;
  /** The days of the range and, for comparisons, those of a year before it; oldest first, without gaps. */
  readonly history: readonly Rate[];
  /** Index of the first day of the range in `history`. */
  readonly start: number;
  readonly datasetVersion: string | null;
}

/** Why a lane has no answer. */
export interface LaneProblem {
  readonly lane: CompleteLane;
  readonly position: number;
  readonly problem: Problem;
}

/** The answers for all complete lanes of a question. */
export interface RatesAnswer {
  readonly days: DayRange;
  readonly lanes: readonly LaneRates[];
  readonly problems: readonly LaneProblem[];
}

/** Number of prices that a day needs for a rate. */
export const LEAST_PRICES = 3;
/** Longest range of one question, in days. */
const LONGEST_DAYS = 366;

/** Loads the rates of every complete lane. A problem of one lane does not take away the others. */
export async function loadLanes(lanes: readonly Lane[], days: DayRange, signal: AbortSignal): Promise<RatesAnswer> {
  const outcomes = await Promise.all(
    lanes.map(async (lane, position): Promise<LaneRates | LaneProblem | undefined> => {
      if (!isComplete(lane)) return undefined;
      try {
        return { lane, position, ...(await loadHistory(lane, days, signal)) };
      } catch (error) {
        if (!(error instanceof ProblemError)) throw error;
        return { lane, position, problem: error.problem };
      }
    }),
  );
  const loaded = outcomes.filter((outcome) => outcome !== undefined);
  return {
    days,
    lanes: loaded.filter((outcome) => "history" in outcome),
    problems: loaded.filter((outcome) => "problem" in outcome),
  };
}

type History = Pick<LaneRates, "history" | "start" | "datasetVersion">;

/** The API answers at most a year at once, so the year before the range is a question of its own. */
async function loadHistory(lane: CompleteLane, days: DayRange, signal: AbortSignal): Promise<History> {
  const hasYearBefore = isDay(days.dateFrom) && days.dateFrom > "0003";
  const [asked, before] = await Promise.all([
    loadRates(lane, days, signal),
    hasYearBefore ? loadRates(lane, upTo(addDays(days.dateFrom, -1), LONGEST_DAYS), signal) : undefined,
  ]);
  const earlier = before?.rates ?? [];
  return {
    history: [...earlier, ...asked.rates],
    start: earlier.length,
    datasetVersion: asked.datasetVersion,
  };
}

async function loadRates(lane: CompleteLane, days: DayRange, signal: AbortSignal) {
  const response = await call(`/rates${apiQuery(lane, days)}`, { signal });
  const { rates } = (await response.json()) as { rates: Rate[] };
  return { rates: rates.reverse(), datasetVersion: response.headers.get("Dataset-Version") };
}

/** How many years {@link findLatest} goes back at most. */
const LONGEST_SEARCH = 10;

/**
 * Finds the latest day up to `dateTo` on which one of the lanes has a price. It asks for a year at a time. Undefined if
 * ten years have no price.
 *
 * @throws {ProblemError}
 */
export async function findLatest(
  lanes: readonly CompleteLane[],
  dateTo: Day,
  signal: AbortSignal,
): Promise<Day | undefined> {
  let last = dateTo;
  for (let year = 0; year < LONGEST_SEARCH; year++) {
    const days = upTo(last, LONGEST_DAYS);
    const answers = await Promise.all(
      lanes.map((lane) => callJson<{ rates: Rate[] }>(`/rates${apiQuery(lane, days)}`, { signal })),
    );
    const latest = answers.flatMap(({ rates }) => rates.find(({ count }) => count !== null)?.day ?? []).sort();
    if (latest.length > 0) return latest[latest.length - 1];
    last = days.dateFrom;
  }
  return undefined;
}
