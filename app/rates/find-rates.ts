import { LRUCache } from "lru-cache";
import type pg from "pg";
import { countDays, monthOf } from "./calendar.js";
import type { DatasetReading } from "./dataset-state.js";
import { findRatesSql } from "./find-rates.sql.js";
import { countMonths, type Question } from "./question.js";
import { rowsPerAnswer } from "./rates-metrics.js";

/** The answer to a {@link Question}, from one snapshot. */
export interface FoundRates {
  readonly dataset: DatasetReading;
  /** Null if no place has that code. */
  readonly originId: number | null;
  readonly destinationId: number | null;
  /** One number for each day of the range, oldest day first; 0 for a day without visible prices. */
  readonly counts: readonly number[];
  /** In whole US dollars; exact up to 2^53. */
  readonly sums: readonly number[];
}

/**
 * Leaves values as the text that Postgres writes. `pg` would parse dates and arrays, which takes longer than the rest
 * of an answer.
 */
const AS_TEXT = { getTypeParser: () => (value: string) => value } as unknown as pg.CustomTypesConfig;

type Row = [
  version: string,
  newest: string,
  originId: string | null,
  destinationId: string | null,
  first: string | null,
  visible: string | null,
  counts: string | null,
  sums: string | null,
];

/** Longer ranges spend their time on reading and not on planning, so preparing them gains nothing. */
const MOST_PREPARED_MONTHS = 2;
/** A backend keeps about 85 KiB for each prepared statement, until its connection is renewed. */
const MOST_PREPARED = 64;
/**
 * As long as a connection lives. Months that are no longer asked for are then forgotten, so that no backend keeps many
 * statements.
 */
const FORGOTTEN_AFTER_MS = 10 * 60_000;

/**
 * Asks for rates with statements that are prepared for one or two months each (find-rates.sql.ts says why). A range of
 * months is prepared only after it has shown prices, so that unusual dates do not fill the memory of the backends. It
 * does not use `statement`, which has no name and parses its rows: parsing would take most of the time of an answer.
 */
export class RatesFinder {
  /** Ranges of months that have a prepared statement, by `first last`. */
  readonly #prepared: LRUCache<string, true>;

  constructor(forgottenAfterMs = FORGOTTEN_AFTER_MS) {
    this.#prepared = new LRUCache({ max: MOST_PREPARED, ttl: forgottenAfterMs, updateAgeOnGet: true });
  }

  /**
   * Reads the visible rates between two places. It runs one statement, so everything comes from one snapshot.
   * @throws the error of Postgres, or `Error` if the row of `dataset` is missing.
   */
  async find(client: pg.ClientBase | pg.Pool, question: Question): Promise<FoundRates> {
    const { origin, destination, dateFrom, dateTo } = question;
    const firstMonth = dateFrom.slice(0, 7);
    const lastMonth = dateTo.slice(0, 7);
    const months = `${firstMonth} ${lastMonth}`;
    const prepared = this.#prepared.get(months) !== undefined;
    const query: pg.QueryArrayConfig = {
      text: findRatesSql(firstMonth, lastMonth),
      values: [origin, destination, dateFrom, dateTo],
      rowMode: "array",
      types: AS_TEXT,
    };
    if (prepared) query.name = `rates ${months}`;
    const { rows } = await client.query<Row>(query);
    rowsPerAnswer.observe(rows[0]?.[4] == null ? 0 : rows.length);
    if (rows[0] === undefined) throw new Error("the table `dataset` has lost its row");
    if (!prepared && rows[0][4] !== null) this.#prepare(months, question);
    return readRows(rows as [Row, ...Row[]], question);
  }

  #prepare(months: string, { dateFrom, dateTo }: Question): void {
    if (countMonths(dateFrom, dateTo) > MOST_PREPARED_MONTHS) return;
    this.#prepared.purgeStale();
    if (this.#prepared.size < MOST_PREPARED) this.#prepared.set(months, true);
  }
}

function readRows(rows: readonly [Row, ...Row[]], { dateFrom, dateTo }: Question): FoundRates {
  const [version, newest, originId, destinationId] = rows[0];
  const [newestVersion, atMs] = readArray(newest) as [number, number];
  const length = countDays(dateFrom, dateTo);
  const counts = new Array<number>(length).fill(0);
  const sums = new Array<number>(length).fill(0);
  for (const [, , , , first, visible, countsText, sumsText] of rows) {
    if (first === null || visible === null || countsText === null || sumsText === null) continue;
    const seen = Number(visible);
    const ownSums = readArray(sumsText);
    for (const [index, count] of readArray(countsText).entries()) {
      const day = Number(first) + index;
      if (day < 0 || day >= length || (seen & (1 << index)) === 0) continue;
      counts[day] = (counts[day] as number) + count;
      sums[day] = (sums[day] as number) + (ownSums[index] as number);
    }
  }
  return {
    dataset: {
      version: Number(version),
      newest: { version: newestVersion, atMs },
      months: { first: monthOf(dateFrom), last: monthOf(dateTo) },
    },
    originId: originId === null ? null : Number(originId),
    destinationId: destinationId === null ? null : Number(destinationId),
    counts,
    sums,
  };
}

/** Parses an array of numbers as Postgres writes it, `{1,2}`. Except for the brackets, this is JSON. */
function readArray(text: string): number[] {
  return JSON.parse(`[${text.slice(1, -1)}]`) as number[];
}
