import { LRUCache } from "lru-cache";
import type pg from "pg";
import { countDays, monthOf } from "./calendar.js";
import type { DatasetReading } from "./dataset-state.js";
import { findLanesSql, findRatesSql } from "./find-rates.sql.js";
import { countMonths, type DayRange, type LanesQuestion, type Question } from "./question.js";
import { rowsPerAnswer } from "./rates-metrics.js";

/** The prices of the days of a range. */
export interface FoundDays {
  /** One number for each day of the range, oldest day first; 0 for a day without visible prices. */
  readonly counts: readonly number[];
  /** In whole US dollars; exact up to 2^53. */
  readonly sums: readonly number[];
}

/** The rates of one lane. */
export interface FoundLane extends FoundDays {
  /** Null if no place has that code. */
  readonly originId: number | null;
  readonly destinationId: number | null;
}

/** The answer to a {@link Question}, from one snapshot. */
export interface FoundRates extends FoundLane {
  readonly dataset: DatasetReading;
}

/** The answer to a {@link LanesQuestion}, from one snapshot; the lanes are in the order of the question. */
export interface FoundLanes {
  readonly dataset: DatasetReading;
  readonly lanes: readonly FoundLane[];
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

/** The number is that of the lane in the question, from 1. */
type LaneRow = [number: string, ...row: Row];

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
  /** Names of the prepared statements; each is for one range of months. */
  readonly #prepared: LRUCache<string, true>;

  constructor(forgottenAfterMs = FORGOTTEN_AFTER_MS) {
    this.#prepared = new LRUCache({ max: MOST_PREPARED, ttl: forgottenAfterMs, updateAgeOnGet: true });
  }

  /**
   * Reads the visible rates between two places. It runs one statement, so everything comes from one snapshot.
   * @throws the error of Postgres, or `Error` if the row of `dataset` is missing.
   */
  async find(client: pg.ClientBase | pg.Pool, question: Question): Promise<FoundRates> {
    const places = [question.origin, question.destination];
    const rows = await this.#query<Row>(client, "rates", findRatesSql, places, question);
    const [first] = rows;
    if (first === undefined) throw new Error("the table `dataset` has lost its row");
    if (first[FIRST] !== null) this.#prepare("rates", question);
    return { dataset: readDataset(first, question), ...readLane(rows, question) };
  }

  /** The same for several lanes, also in one statement. */
  async findLanes(client: pg.ClientBase | pg.Pool, question: LanesQuestion): Promise<FoundLanes> {
    const places = [question.lanes.map(({ origin }) => origin), question.lanes.map(({ destination }) => destination)];
    const rows = await this.#query<LaneRow>(client, "lanes", findLanesSql, places, question);
    const byLane = question.lanes.map((): Row[] => []);
    for (const [number, ...row] of rows) byLane[Number(number) - 1]?.push(row);
    const [first] = byLane[0] ?? [];
    if (first === undefined) throw new Error("the table `dataset` has lost its row");
    if (byLane.some(([row]) => row !== undefined && row[FIRST] !== null)) this.#prepare("lanes", question);
    return { dataset: readDataset(first, question), lanes: byLane.map((lane) => readLane(lane, question)) };
  }

  async #query<AnyRow extends readonly unknown[]>(
    client: pg.ClientBase | pg.Pool,
    kind: "rates" | "lanes",
    sql: (firstMonth: string, lastMonth: string) => string,
    places: readonly unknown[],
    { dateFrom, dateTo }: DayRange,
  ): Promise<AnyRow[]> {
    const name = nameOf(kind, dateFrom, dateTo);
    const query: pg.QueryArrayConfig = {
      text: sql(dateFrom.slice(0, 7), dateTo.slice(0, 7)),
      values: [...places, dateFrom, dateTo],
      rowMode: "array",
      types: AS_TEXT,
    };
    if (this.#prepared.get(name) !== undefined) query.name = name;
    const { rows } = await client.query<AnyRow & unknown[]>(query);
    return rows;
  }

  #prepare(kind: "rates" | "lanes", { dateFrom, dateTo }: DayRange): void {
    const name = nameOf(kind, dateFrom, dateTo);
    if (this.#prepared.has(name) || countMonths(dateFrom, dateTo) > MOST_PREPARED_MONTHS) return;
    this.#prepared.purgeStale();
    if (this.#prepared.size < MOST_PREPARED) this.#prepared.set(name, true);
  }
}

/** Position of `first` in a {@link Row}. It is null in a row without prices. */
const FIRST = 4;

function nameOf(kind: "rates" | "lanes", dateFrom: string, dateTo: string): string {
  return `${kind} ${dateFrom.slice(0, 7)} ${dateTo.slice(0, 7)}`;
}

function readDataset([version, newest]: Row, { dateFrom, dateTo }: DayRange): DatasetReading {
  const [newestVersion, atMs] = readArray(newest) as [number, number];
  return {
    version: Number(version),
    newest: { version: newestVersion, atMs },
    months: { first: monthOf(dateFrom), last: monthOf(dateTo) },
  };
}

/** @param rows all rows of one lane, at least one. */
function readLane(rows: readonly Row[], { dateFrom, dateTo }: DayRange): FoundLane {
  const [, , originId = null, destinationId = null, begin] = rows[0] ?? [];
  rowsPerAnswer.observe(begin == null ? 0 : rows.length);
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
