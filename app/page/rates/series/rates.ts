import { call, callJson, type Problem, ProblemError } from "../../api-client.js";
import { addDays, type Day, isDay } from "../../day.js";
import { type CompleteLane, isComplete, type Lane, writeLane } from "../question/lane.js";
import { ratesAddress } from "../question/question.js";
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
  const asked = lanes.flatMap((lane, position) => (isComplete(lane) ? [{ lane, position }] : []));
  const outcomes = await loadOutcomes(asked, days, signal);
  return {
    days,
    lanes: outcomes.filter((outcome) => "history" in outcome),
    problems: outcomes.filter((outcome) => "problem" in outcome),
  };
}

type AskedLane = Pick<LaneRates, "lane" | "position">;
type Outcome = LaneRates | LaneProblem;

/** One question for all lanes has one version of the data. It has one problem too, so then each lane is asked alone. */
async function loadOutcomes(asked: readonly AskedLane[], days: DayRange, signal: AbortSignal): Promise<Outcome[]> {
  const all = await outcomesOf(asked, days, signal);
  if (asked.length === 1 || !all.some((outcome) => "problem" in outcome && isOfOneLane(outcome.problem))) return all;
  return (await Promise.all(asked.map((lane) => outcomesOf([lane], days, signal)))).flat();
}

/** True if a place does not exist, or if the API is that of the release before, which does not know several lanes. */
function isOfOneLane({ status }: Problem): boolean {
  return status === 400 || status === 404;
}

async function outcomesOf(asked: readonly AskedLane[], days: DayRange, signal: AbortSignal): Promise<Outcome[]> {
  try {
    return await loadHistories(asked, days, signal);
  } catch (error) {
    if (!(error instanceof ProblemError)) throw error;
    return asked.map((lane) => ({ ...lane, problem: error.problem }));
  }
}

/** The API answers at most a year at once, so the year before the range is a question of its own. */
async function loadHistories(asked: readonly AskedLane[], days: DayRange, signal: AbortSignal): Promise<LaneRates[]> {
  const lanes = asked.map(({ lane }) => lane);
  const hasYearBefore = isDay(days.dateFrom) && days.dateFrom > "0003";
  const [range, before] = await Promise.all([
    loadRates(lanes, days, signal),
    hasYearBefore ? loadRates(lanes, upTo(addDays(days.dateFrom, -1), LONGEST_DAYS), signal) : undefined,
  ]);
  return asked.map(({ lane, position }) => {
    const earlier = before?.ratesOf(lane) ?? [];
    const history = [...earlier, ...range.ratesOf(lane)];
    return { lane, position, history, start: earlier.length, datasetVersion: range.datasetVersion };
  });
}

/** Rates of several lanes as `GET /rates/lanes` returns them. */
interface LanesBody {
  readonly lanes: readonly { readonly origin: string; readonly destination: string; readonly rates: Rate[] }[];
}

/** The days of each lane, oldest first. */
async function loadRates(lanes: readonly CompleteLane[], days: DayRange, signal: AbortSignal) {
  const response = await call(ratesAddress(lanes, days), { signal });
  const body = (await response.json()) as { rates: Rate[] } | LanesBody;
  const each = "lanes" in body ? body.lanes : lanes.slice(0, 1).map((lane) => ({ ...lane, ...body }));
  const byLane = new Map(each.map((lane) => [writeLane(lane), lane.rates.reverse()]));
  return {
    ratesOf: (lane: CompleteLane) => byLane.get(writeLane(lane)) ?? [],
    datasetVersion: response.headers.get("Dataset-Version"),
  };
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
      lanes.map((lane) => callJson<{ rates: Rate[] }>(ratesAddress([lane], days), { signal })),
    );
    const latest = answers.flatMap(({ rates }) => rates.find(({ count }) => count !== null)?.day ?? []).sort();
    if (latest.length > 0) return latest[latest.length - 1];
    last = days.dateFrom;
  }
  return undefined;
}
