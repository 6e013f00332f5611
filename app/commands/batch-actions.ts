import { BatchNotFoundError } from "../batches/batch-error.js";
import { writeBatch } from "../batches/batch-json.js";
import { readBatch } from "../batches/batch-summary.js";
import { failBatch, STOPPED } from "../batches/fail.js";
import type { ListOptions } from "../batches/list-batches.js";
import { publishBatch } from "../batches/publish.js";
import { readRejects } from "../batches/rejects.js";
import { countBadLines, readBadLines } from "../batches/reported-lines.js";
import { retractBatch } from "../batches/retract.js";
import { retryBatch } from "../batches/retry.js";
import { readHeld } from "../batches/unfold.sql.js";
import { Database } from "../database/database.js";
import { openPool } from "../database/pool.js";
import { auditBatch } from "../ingest/audit/audit.js";
import { REPORTED_BAD_LINES } from "../ingest/parse/bad-lines.js";
import { completeUpload, failAbandonedUploads } from "../ingest/uploads/upload.js";
import { printable } from "../printable.js";
import { readSettings, type Settings } from "../settings.js";
import type { CompactReport } from "../upkeep/compact.js";
import { Folding } from "../upkeep/folding.js";
import { reclaimBatch } from "../upkeep/reclaim.js";
import { dropOldMonths } from "../upkeep/retention.js";
import { Turns } from "../upkeep/turns.js";
import { writeBatchDetails, writeBatchTable } from "./batch-table.js";
import { withWriteDatabase } from "./command-database.js";
import { printJson } from "./print-json.js";
import { stopSignal } from "./stop-signal.js";
import { writeOutput } from "./write-output.js";

export interface JsonOption {
  readonly json?: true;
}

export type ListCommandOptions = JsonOption & ListOptions;

/** Prints the newest batches. */
export async function list({ json, ...options }: ListCommandOptions): Promise<void> {
  // Imported here and not at the top: its library takes as long to load as everything that the other actions need.
  const { listBatches } = await import("../batches/list-batches.js");
  await withBatches(async (database) => {
    const batches = await listBatches(database, options);
    if (json) printJson(batches.map((batch) => writeBatch(batch)));
    else console.log(batches.length === 0 ? "No batches." : writeBatchTable(batches));
  });
}

/** Prints one batch with its bad lines. */
export async function show(id: number, options: JsonOption): Promise<void> {
  await withBatches(async (database) => {
    const batch = await readBatch(database, id);
    if (batch === undefined) throw new BatchNotFoundError(id);
    const lines = await readBadLines(database, id, REPORTED_BAD_LINES);
    const counts = await countBadLines(database, id);
    if (options.json) printJson({ ...writeBatch(batch, lines), error_counts: counts });
    else console.log(writeBatchDetails(batch, lines, counts, await database.row(readHeld, { foldId: id })));
  });
}

/** Writes the lines that were left out of a batch to a file, or to standard output if no path is given. */
export async function rejects(id: number, path: string | undefined, options: { force?: true }): Promise<void> {
  await withBatches((database) => writeOutput(path ?? "-", readRejects(database, id), options));
}

export interface ChangeOptions extends JsonOption {
  readonly reason?: string;
}

/** Changes a batch, and prints what has changed. */
export async function change(name: ChangeName, id: number, options: ChangeOptions): Promise<void> {
  await withBatches(async (database, settings) => {
    const outcome = await CHANGES[name](database, id, settings, options);
    const batch = options.json ? await readBatch(database, id) : undefined;
    if (batch === undefined) console.log(printable(outcome));
    else printJson(writeBatch(batch));
  });
}

type Change = (database: Database, id: number, settings: Settings, options: ChangeOptions) => Promise<string>;

/** A user waits for the command, so it gives up much sooner than a worker when the database is away. */
const PATIENCE_MS = 30_000;

const retract: Change = async (database, id, { retractableDays }) => {
  const { changed, version } = await retractBatch(database.with({ patienceMs: PATIENCE_MS }), id, { retractableDays });
  if (changed) await foldBehind(database, id);
  return changed
    ? `Batch ${id} is retracted: consumers no longer see it (dataset version ${version}).`
    : `Batch ${id} was retracted before. Nothing changed.`;
};

const publish: Change = async (database, id, { retractableDays }) => {
  const patient = database.with({ patienceMs: PATIENCE_MS });
  // A step that the batch has already passed changes nothing.
  await completeUpload(patient, id);
  const audit = await auditBatch(patient, id);
  if (audit.state === "failed") throw new Error(`Batch ${id} failed: ${audit.failure}`);
  const duplicate = (of: number | null) => `Batch ${id} has the same prices as batch ${of}. Nothing changed.`;
  if (audit.state === "duplicate") return duplicate(audit.duplicateOf);
  const { state, changed, version, duplicateOf } = await publishBatch(patient, id, { retractableDays });
  if (state === "duplicate") return duplicate(duplicateOf);
  if (changed) await foldBehind(database, id);
  return changed
    ? `Batch ${id} is published (dataset version ${version}).`
    : `Batch ${id} was published before. Nothing changed.`;
};

/** Makes the folds that have become possible after a publish or a retract. Compaction makes those that fail here. */
async function foldBehind(database: Database, batchId: number): Promise<void> {
  const folding = new Folding(database, database.log);
  folding.changed(batchId);
  await folding.end();
}

const fail: Change = async (database, id, _settings, { reason = STOPPED }) => {
  // Marked as failed for good. Otherwise the next run would load the batch again.
  const changed = await failBatch(database.with({ patienceMs: PATIENCE_MS }), id, reason, true);
  const { prices } = await reclaimBatch(database.with({ signal: stopSignal() }), id);
  const deleted = `${count(prices)} ${prices === 1 ? "price was" : "prices were"} deleted.`;
  return changed ? `Batch ${id} failed; ${deleted}` : `Batch ${id} had ended before; ${deleted}`;
};

const retry: Change = async (database, id) => {
  const { source, sent } = await retryBatch(database, id);
  return sent
    ? `Batch ${id} is laid aside: it can be sent again with the same Idempotency-Key, as a new batch.`
    : `Batch ${id} is laid aside: the next \`ratesapp ingest run\` of ${source} loads it as a new batch.`;
};

const CHANGES = { retract, publish, fail, retry };

export type ChangeName = keyof typeof CHANGES;

/** If a client still wants its upload, it sends something within a day. */
const ABANDONED_AFTER_HOURS = 24;

export interface CompactCommandOptions extends JsonOption {
  readonly retentionDays?: number;
}

/** Fails abandoned uploads, drops old months, folds batches and deletes their rows, and prints what was done. */
export async function compactBatches(options: CompactCommandOptions): Promise<void> {
  const { compact } = await import("../upkeep/compact.js");
  const signal = stopSignal();
  await withBatches(async (impatient, { retractableDays }) => {
    const database = impatient.with({ signal });
    const { retentionDays } = options;
    await failAbandonedUploads(database, ABANDONED_AFTER_HOURS);
    const turns = new Turns(signal);
    let dropped: readonly string[] = [];
    let compacted: CompactReport = { folded: 0, dailyRates: 0, prices: 0 };
    // Months are dropped before batches are folded, because dropped months need no folding.
    await turns.take("No month was dropped", async () => {
      if (retentionDays !== undefined) dropped = await dropOldMonths(database, { retentionDays });
    });
    await turns.take("Nothing was compacted", async () => {
      compacted = await compact(database, { retractableDays });
    });
    turns.end();
    const { folded, dailyRates, prices } = compacted;
    if (options.json) printJson({ folded, deleted: { daily_rates: dailyRates, prices }, dropped });
    else {
      console.log(
        `Folded ${folded} ${folded === 1 ? "month of a feed" : "months of feeds"}; deleted ${count(dailyRates)} daily rates and ${count(prices)} prices that no consumer could see.`,
      );
      if (dropped.length > 0) console.log(`Dropped ${dropped.map((month) => month.slice(0, 7)).join(", ")}.`);
    }
  });
}

async function withBatches(work: (database: Database, settings: Settings) => Promise<void>): Promise<void> {
  const settings = readSettings();
  await withWriteDatabase(settings, async (url) => {
    const pool = openPool({ url, size: 4, applicationName: "ratesapp batches", statementTimeoutMs: 0 });
    try {
      await work(new Database(pool), settings);
    } finally {
      await pool.end();
    }
  });
}

function count(rows: number): string {
  return rows.toLocaleString("en-US");
}
