import { Database } from "../database/database.js";
import { openPool } from "../database/pool.js";
import { didYouMean } from "../places/did-you-mean.js";
import { PlaceDirectory } from "../places/place-directory.js";
import { countDays, type Interval } from "../rates/calendar.js";
import { type FoundLanes, RatesFinder } from "../rates/find-rates.js";
import { type Lane, type LanesQuestion, LONGEST_RANGE_DAYS, writeLane } from "../rates/question.js";
import { ratesOf, writeLanesCsv, writeLanesJson } from "../rates/rates-text.js";
import { readSettings } from "../settings.js";
import { writeColumns } from "./columns.js";
import { openCommandDatabase } from "./command-database.js";
import { UsageError } from "./failure.js";

/** Options of `ratesapp rates`, as commander passes them. */
export interface RatesOptions {
  readonly from: string;
  readonly to: string;
  readonly interval: Interval;
  readonly json?: true;
  readonly csv?: true;
}

/**
 * Asks the database and prints the answer.
 * @throws {UsageError} for an empty or too long range, and for unknown places.
 */
export async function askRates(lanes: readonly Lane[], options: RatesOptions): Promise<void> {
  const question = { lanes, dateFrom: options.from, dateTo: options.to };
  refuseRange(question);
  const settings = readSettings();
  const { readUrl, close } = await openCommandDatabase(settings);
  const { statementTimeoutMs } = settings;
  const pool = openPool({ url: readUrl, size: 1, applicationName: "ratesapp rates", statementTimeoutMs });
  try {
    const found = await new RatesFinder().findLanes(pool, question);
    const unknown = unknownCodes(question, found);
    if (unknown.length > 0) throw await unknownPlaces(new Database(pool), unknown);
    process.stdout.write(write(question, options, found));
  } finally {
    await pool.end();
    await close();
  }
}

function refuseRange({ dateFrom, dateTo }: LanesQuestion): void {
  const days = countDays(dateFrom, dateTo);
  if (days < 1) throw new UsageError(`--from (${dateFrom}) is after --to (${dateTo}).`);
  if (days > LONGEST_RANGE_DAYS) {
    throw new UsageError(`From --from to --to are ${days} days; at most ${LONGEST_RANGE_DAYS} can be asked for.`);
  }
}

function unknownCodes({ lanes }: LanesQuestion, found: FoundLanes): readonly string[] {
  const codes = lanes.flatMap(({ origin, destination }, index) => [
    ...(found.lanes[index]?.originId === null ? [origin] : []),
    ...(found.lanes[index]?.destinationId === null ? [destination] : []),
  ]);
  return [...new Set(codes)];
}

async function unknownPlaces(database: Database, codes: readonly string[]): Promise<UsageError> {
  const { index } = await new PlaceDirectory(() => undefined).read(database);
  const lines = codes.map((code) => `No port or region is ${JSON.stringify(code)}.${didYouMean(index.suggest(code))}`);
  return new UsageError(lines.join("\n"));
}

function write(question: LanesQuestion, { json, csv, interval }: RatesOptions, { lanes }: FoundLanes): string {
  if (json) return `${writeLanesJson(question, interval, lanes)}\n`;
  if (csv) return writeLanesCsv(question, interval, lanes);
  const rates = lanes.map((lane) => ratesOf(question, interval, lane));
  const isDay = interval === "day";
  const header = [...(isDay ? ["DAY"] : ["DAY", "LAST DAY"]), ...question.lanes.map(writeLane)];
  const rows = (rates[0] ?? []).map(({ firstDay, lastDay }, index) => [
    ...(isDay ? [firstDay] : [firstDay, lastDay]),
    ...rates.map((lane) => lane[index]?.price?.toLocaleString("en-US", DOLLARS) ?? "-"),
  ]);
  const numbers = question.lanes.map((_, index) => header.length - question.lanes.length + index);
  return `${writeColumns([header, ...rows], new Set(numbers))}\n`;
}

const DOLLARS = { minimumFractionDigits: 2, maximumFractionDigits: 2 };
