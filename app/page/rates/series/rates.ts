import { call, callJson } from "../api-client.js";
import type { Day } from "../day.js";
import { type Question, withLength, writeQuestion } from "./question.js";

/**
 * One day as `GET /rates` returns it. `price` is null if there are fewer than three prices; `count` is null if there
 * are none.
 */
export interface Rate {
  readonly day: Day;
  readonly price: number | null;
  readonly count: number | null;
}

/** An answer, with the oldest day first, as a chart needs it. */
export interface RatesAnswer {
  readonly question: Question;
  readonly rates: readonly Rate[];
  readonly datasetVersion: string | null;
}

/** Number of prices that a day needs for a rate. */
export const LEAST_PRICES = 3;

/** Loads rates. @throws {ProblemError} */
export async function loadRates(question: Question, signal: AbortSignal): Promise<RatesAnswer> {
  const response = await call(`/rates${writeQuestion(question)}`, { signal });
  const { rates } = (await response.json()) as { rates: Rate[] };
  return { question, rates: rates.reverse(), datasetVersion: response.headers.get("Dataset-Version") };
}

/** Loads the answer as CSV. A plain link could not show a problem on the page. @throws {ProblemError} */
export async function loadCsv(question: Question): Promise<Blob> {
  return (await call(`/rates${writeQuestion(question)}`, { accept: "text/csv" })).blob();
}

/** Longest range of one question, in days. */
const LONGEST_DAYS = 366;
/** How many questions {@link findLatest} asks at most. */
const LONGEST_SEARCH = 10;

/**
 * Finds the latest day with a price up to the last day of the question. It asks for a year at a time. Undefined if ten
 * years have no price.
 */
export async function findLatest(question: Question, signal: AbortSignal): Promise<Day | undefined> {
  let { dateTo } = question;
  for (let year = 0; year < LONGEST_SEARCH; year++) {
    const asked = withLength({ ...question, dateTo }, LONGEST_DAYS);
    const { rates } = await callJson<{ rates: Rate[] }>(`/rates${writeQuestion(asked)}`, { signal });
    const latest = rates.find(({ count }) => count !== null);
    if (latest) return latest.day;
    dateTo = asked.dateFrom;
  }
  return undefined;
}
