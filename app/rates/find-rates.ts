import type pg from "pg";
import { countDays } from "./calendar.js";
import type { DatasetTag } from "./dataset-tag.js";
import { datasetTag } from "./dataset-tag.js";
import { findRatesSql } from "./find-rates.sql.js";
import { monthWindow, type Question } from "./question.js";

/** One snapshot's answer to a {@link Question}. */
export interface FoundRates {
  readonly dataset: DatasetTag;
  /** Null if no place has that code. */
  readonly originId: number | null;
  readonly destinationId: number | null;
  /** By day of the range, oldest first; 0 where there is no visible price. */
  readonly counts: Float64Array;
  /** Whole US dollars; exact up to 2^53. */
  readonly sums: Float64Array;
}

/** Values as Postgres writes them; the dates and arrays of `pg` cost more than the rest of an answer. */
const AS_TEXT = { getTypeParser: () => (value: string) => value } as unknown as pg.CustomTypesConfig;

type Row = [
  version: string,
  changedAtMs: string,
  originId: string | null,
  destinationId: string | null,
  days: string | null,
  counts: string | null,
  sums: string | null,
];

/**
 * Asks for rates with statements that are prepared for one or two months each (the SQL says why). A backend keeps about
 * 85 KiB for each, so a window is prepared only once it has shown prices, which keeps out odd dates, and only the first
 * 64 windows are; longer ranges spend their time reading rather than planning.
 */
export class RatesFinder {
  static readonly #MOST_MONTHS = 2;
  static readonly #MOST_WINDOWS = 64;
  readonly #prepared = new Set<string>();

  async find(client: pg.ClientBase | pg.Pool, question: Question): Promise<FoundRates> {
    const { dateFrom, dateTo } = question;
    const window = monthWindow(dateFrom, dateTo);
    const name = `rates ${window.since} ${window.until}`;
    const query: pg.QueryArrayConfig = {
      text: findRatesSql(window.since, window.until),
      values: [question.origin, question.destination, dateFrom, dateTo],
      rowMode: "array",
      types: AS_TEXT,
    };
    if (this.#prepared.has(name)) query.name = name;
    const { rows } = await client.query<Row>(query);
    const row = rows[0];
    if (row === undefined) throw new Error("the table `dataset` has lost its row");
    const found = readRow(row, countDays(dateFrom, dateTo));
    if (row[4] !== null && window.months <= RatesFinder.#MOST_MONTHS && this.#prepared.size < RatesFinder.#MOST_WINDOWS)
      this.#prepared.add(name);
    return found;
  }
}

function readRow(row: Row, length: number): FoundRates {
  const counts = new Float64Array(length);
  const sums = new Float64Array(length);
  if (row[4] !== null && row[5] !== null && row[6] !== null) {
    const days = readArray(row[4]);
    const someCounts = readArray(row[5]);
    const someSums = readArray(row[6]);
    for (let index = 0; index < days.length; index += 1) {
      const day = Number(days[index]);
      counts[day] = (counts[day] ?? 0) + Number(someCounts[index]);
      sums[day] = (sums[day] ?? 0) + Number(someSums[index]);
    }
  }
  return {
    dataset: datasetTag(Number(row[0]), Number(row[1])),
    originId: row[2] === null ? null : Number(row[2]),
    destinationId: row[3] === null ? null : Number(row[3]),
    counts,
    sums,
  };
}

/** The text form of an array of numbers: `{1,2}`. */
function readArray(text: string): string[] {
  return text.slice(1, -1).split(",");
}
