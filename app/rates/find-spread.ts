import { setImmediate } from "node:timers/promises";
import type pg from "pg";
import { Session } from "../database/queries.js";
import type { FoundRates, RatesFinder } from "./find-rates.js";
import { beginSnapshot, dropSnapshot, endSnapshot, findHistogramsSql } from "./find-spread.sql.js";
import { DayHistograms } from "./histogram.js";
import type { Question } from "./question.js";

/** The answer to a {@link Question} with its spread, from one snapshot. */
export interface FoundSpread {
  readonly rates: FoundRates;
  /**
   * Of each day of the range. Undefined if more than {@link MOST_ROWS} rows would have to be read.
   */
  readonly histograms: DayHistograms | undefined;
}

/**
 * Rows between ports that are read for one spread. A region is made from its ports, and more rows would take so long
 * that readers would take the database for away (app/database/read-side.ts).
 */
export const MOST_ROWS = 8_000;
/** Between so many rows, other requests are answered. */
const ROWS_AT_ONCE = 200;

type Row = [
  monthStart: number,
  visible: number | null,
  histograms: Buffer | null,
  counts: number[] | null,
  dayOfMonth: number,
];

/**
 * Reads the visible rates between two places, and how their prices are spread.
 * @throws the error of Postgres
 */
export async function findSpread(client: pg.ClientBase, finder: RatesFinder, question: Question): Promise<FoundSpread> {
  const session = new Session(client);
  await session.run(beginSnapshot);
  try {
    const rates = await finder.find(client, question);
    const rows = await findHistograms(client, question);
    await session.run(endSnapshot);
    const histograms = rows.length > MOST_ROWS ? undefined : await addUp(rows, rates.counts.length);
    return { rates, histograms };
  } catch (error) {
    await session.run(dropSnapshot).catch(() => {});
    throw error;
  }
}

async function findHistograms(
  client: pg.ClientBase,
  { origin, destination, dateFrom, dateTo }: Question,
): Promise<Row[]> {
  const { rows } = await client.query<Row>({
    text: findHistogramsSql(dateFrom.slice(0, 7), dateTo.slice(0, 7), MOST_ROWS),
    values: [origin, destination, dateFrom, dateTo],
    rowMode: "array",
  });
  return rows;
}

async function addUp(rows: readonly Row[], days: number): Promise<DayHistograms> {
  const histograms = new DayHistograms(days);
  for (const [at, [monthStart, visible, bytes, counts, dayOfMonth]] of rows.entries()) {
    if (at % ROWS_AT_ONCE === ROWS_AT_ONCE - 1) await setImmediate();
    if (visible === null) continue;
    if (bytes !== null) histograms.add(bytes, monthStart, visible);
    else histograms.miss(counts ?? [], monthStart + dayOfMonth, visible >> dayOfMonth);
  }
  return histograms;
}
