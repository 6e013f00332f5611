import { call, callJson } from "../api.js";
import type { Day } from "../day.js";
import { type Question, withLength, writeQuestion } from "./question.js";

/** One day as `GET /rates` gives it. `price` is null under three prices, `count` on a day with none. */
export interface Rate {
  readonly day: Day;
  readonly price: number | null;
  readonly count: number | null;
}

/** An answer, with its days oldest first: a chart reads that way. */
export interface RatesAnswer {
  readonly question: Question;
  readonly rates: readonly Rate[];
  readonly datasetVersion: string | null;
}

/** Prices that a day needs before the API gives it a rate. */
export const LEAST_PRICES = 3;

/** @throws {ProblemError} */
export async function loadRates(question: Question, signal: AbortSignal): Promise<RatesAnswer> {
  const response = await call(`/rates${writeQuestion(question)}`, { signal });
  const { rates } = (await response.json()) as { rates: Rate[] };
  return { question, rates: rates.reverse(), datasetVersion: response.headers.get("Dataset-Version") };
}

/** The answer as a CSV file; not by a plain link, so that the page can show a problem. @throws {ProblemError} */
export async function loadCsv(question: Question): Promise<Blob> {
  return (await call(`/rates${writeQuestion(question)}`, { accept: "text/csv" })).blob();
}

/** Longest range of one question, in days. */
const LONGEST_DAYS = 366;
/** How far back {@link findLatest} looks, in questions. */
const LONGEST_SEARCH = 10;

/** The latest day before the question's with any price, a year at a time; undefined if ten years hold none. */
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
