import { findPlannedBatch } from "../batches/plan.js";
import { readClock } from "../batches/plan.sql.js";
import { type ReportedLine, writeContent } from "../batches/reported-lines.js";
import type { Database } from "../database/database.js";
import { DEFAULT_FEED } from "./feeds.js";
import { listNew } from "./list-new.js";
import { faultOfContent } from "./load/fault-of-content.js";
import { SLICE_BYTES, SLICE_ROWS } from "./load/load-piece.js";
import { requirePorts } from "./load/read-ports.js";
import { BadLines } from "./parse/bad-lines.js";
import { HeaderError } from "./parse/columns.js";
import { PieceParser } from "./parse/piece-parser.js";
import type { PortTable } from "./parse/port-table.js";
import { Rows } from "./parse/rows.js";
import { MOST_HEADER_BYTES, readDeliveryFormat } from "./pieces/delivery-format.js";
import { shareEventLoop } from "./pieces/share-event-loop.js";
import { compressionOf, decompress, MAGIC_BYTES } from "./sources/compression.js";
import { peek } from "./sources/peek.js";
import type { Source, SourceObject } from "./sources/source.js";
import { SourceError } from "./sources/source-error.js";

/** What {@link checkSource} checks. */
export interface CheckOptions {
  readonly database: Database;
  readonly source: Source;
  /** Name of the feed; {@link DEFAULT_FEED} if none is given. */
  readonly feed?: string;
  /** Bad lines that a batch may have. */
  readonly maxBadRows: number;
}

/** What would become of a delivery. */
export interface CheckReport {
  /** Name of the object. */
  readonly name: string;
  readonly location: string;
  /**
   * `publish`: it would be published. `fail`: its batch would fail. `skip`: it has a batch that ended before, and would
   * not be read. `retry`: it cannot be read at the moment.
   */
  readonly would: "publish" | "fail" | "skip" | "retry";
  /** Why it would not be published; null if it would. */
  readonly reason: string | null;
  readonly rows: number;
  readonly rejected: number;
  /** `YYYY-MM` of the months that its prices are of, ascending. */
  readonly months: readonly string[];
  /** The first bad lines. */
  readonly errors: readonly ReportedLine[];
  /** How many lines are bad for which reason, the most frequent first. */
  readonly errorCounts: readonly { readonly reason: string; readonly count: number }[];
}

/**
 * Reads what a run of the source would load, and checks every line, but writes nothing: neither a batch nor a month. A
 * repetition of the prices of a published batch is not found; that needs the prices in the database.
 * @throws as `ingestSource`, but an object that cannot be read is only reported.
 */
export async function* checkSource({
  database,
  source,
  feed = DEFAULT_FEED,
  maxBadRows,
}: CheckOptions): AsyncIterable<CheckReport> {
  const startedAt = (await database.row(readClock))?.now as string;
  const ports = await requirePorts(database);
  for await (const { object, known } of listNew(database, source, feed, startedAt)) {
    if ("error" in object) {
      yield { ...nothingOf(object.name, object.name), would: "retry", reason: object.error.message };
      continue;
    }
    const { name, location, channel, identity } = object;
    const batch = known ?? (await findPlannedBatch(database, { feed, channel, identity }, startedAt));
    // Of a folder, a delivery that failed before is not loaded again; a single one is.
    const isRepeated = batch?.state === "failed" && !source.several;
    if (batch?.endedBefore && !isRepeated) {
      yield {
        ...nothingOf(name, location),
        would: "skip",
        reason: `It is batch ${batch.id}, which is ${batch.state}.`,
      };
    } else {
      yield await check(object, ports, maxBadRows, database.signal);
    }
  }
}

async function check(
  object: SourceObject,
  ports: PortTable,
  maxBadRows: number,
  signal: AbortSignal,
): Promise<CheckReport> {
  const { name, location } = object;
  const rows = new Rows(0, 0, SLICE_ROWS);
  const bad = new BadLines(0);
  try {
    await parse(object, ports, rows, bad, signal);
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof HeaderError) {
      return { ...nothingOf(name, location), would: "fail", reason: `${name}, line 1: ${error.message}.` };
    }
    const would = error instanceof SourceError ? "fail" : "retry";
    return { ...nothingOf(name, location), would, reason: (error as Error).message };
  }
  const { rows: prices, months } = rows.totals;
  const reason = faultOfContent(prices, bad.total, maxBadRows);
  return {
    name,
    location,
    would: reason === null ? "publish" : "fail",
    reason,
    rows: prices,
    rejected: bad.total,
    months: months.map((month) => month.slice(0, 7)),
    errors: bad.shown.map(({ line, column, reason, content }) => ({
      ...{ file: name, piece: null, line, column, reason },
      content: writeContent(content),
    })),
    errorCounts: [...bad.counts]
      .map(([reason, count]) => ({ reason, count }))
      .sort((a, b) => b.count - a.count || (a.reason < b.reason ? -1 : 1)),
  };
}

/** Reads the object from its beginning to its end, in constant memory. */
async function parse(object: SourceObject, ports: PortTable, rows: Rows, bad: BadLines, signal: AbortSignal) {
  const stored = await peek(object.read(0, null, signal), MAGIC_BYTES);
  const plain = await peek(decompress(object.name, stored.all, compressionOf(stored.head)), MOST_HEADER_BYTES);
  const { format } = await readDeliveryFormat(once(plain.head));
  const parser = new PieceParser({ format, columns: null, ports }, rows, bad);
  for await (const slice of shareEventLoop(plain.all, SLICE_BYTES)) {
    signal.throwIfAborted();
    parser.parse(slice);
    rows.clear();
  }
  parser.end();
  await object.verify();
}

function nothingOf(name: string, location: string) {
  return { name, location, rows: 0, rejected: 0, months: [], errors: [], errorCounts: [] };
}

async function* once(bytes: Buffer): AsyncIterable<Buffer> {
  yield bytes;
}
