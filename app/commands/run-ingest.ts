import { readBatch } from "../batches/batch-summary.js";
import { countBadLines, readBadLines, tells } from "../batches/reported-lines.js";
import { Database } from "../database/database.js";
import { openPool } from "../database/pool.js";
import { type BatchReport, ingestSource } from "../ingest/ingest-source.js";
import { REPORTED_BAD_LINES } from "../ingest/parse/bad-lines.js";
import { printable } from "../printable.js";
import { readSettings } from "../settings.js";
import { createLogger } from "../telemetry/logger.js";
import { withWriteDatabase } from "./command-database.js";
import { EXIT } from "./failure.js";
import { type FeedOptions, readFeedOptions } from "./feed-options.js";
import { firstLines } from "./first-lines.js";
import { ProgressDisplay } from "./ingest-progress.js";
import { RejectsFiles } from "./rejects-files.js";
import { stopSignal } from "./stop-signal.js";

/** Connections for two pieces at once, with their new months, leases, claims and progress. */
export const CONNECTIONS = 8;

/** Runs `ratesapp ingest run`, and sets the exit code of the process. */
export async function runIngest(options: FeedOptions): Promise<void> {
  const settings = readSettings();
  const {
    source,
    mode = "append",
    maxBadRows = 0,
    deadlineSeconds,
    rejects,
  } = await readFeedOptions(options, settings.feedsFile);
  const log = createLogger(settings);
  const signal = stopSignal();
  await withWriteDatabase(settings, async (url) => {
    const pool = openPool({ url, size: CONNECTIONS, applicationName: "ratesapp ingest run", statementTimeoutMs: 0 });
    const database = new Database(pool, { log, signal });
    const once = database.with({ patienceMs: 0 });
    const display = new ProgressDisplay((batchId) => readBatch(once, batchId), log);
    const files = new RejectsFiles(once, { rejects, force: options.force === true });
    try {
      const reports = await ingestSource({
        database: database.with({ log: display.log }),
        source,
        ...(options.feed === undefined ? {} : { feed: options.feed }),
        mode,
        maxBadRows,
        ...(deadlineSeconds === undefined ? {} : { deadlineSeconds }),
        onBatch: (batchId, { name }) => display.watch(batchId, name),
        onEnd: (batchId) => display.end(batchId),
        onReport: tell,
      });
      if (reports.length === 0) console.log("Nothing new.");
      const failed = reports.filter(({ state }) => state === "failed");
      if (failed.some(({ already, failedForGood }) => !already && !failedForGood)) process.exitCode = EXIT.failed;
      else if (failed.length > 0) process.exitCode ??= EXIT.badDelivery;
    } finally {
      await display.endAll();
      await pool.end();
    }

    async function tell(report: BatchReport): Promise<void> {
      console.log(printable(outcomeOf(report)));
      if (report.already) return;
      if (report.state === "failed") await listBadLines(report);
      else if (report.rejected > 0) await keepRejects(report);
    }

    async function listBadLines({ batchId, failure }: BatchReport): Promise<void> {
      const bad = await readBadLines(database, batchId, REPORTED_BAD_LINES);
      const lines = bad
        .filter(({ reason }) => !tells(failure, reason))
        .map(({ file, line, column, reason }) =>
          printable(`${file}:${line ?? "?"}: ${column === null ? "" : `${column}: `}${reason}`),
        );
      for (const line of firstLines(lines, `ratesapp batches show ${batchId} names them.`)) console.error(line);
      for (const { reason, count } of await countBadLines(database, batchId)) {
        console.error(`${count} × ${reason}`);
      }
    }

    async function keepRejects(report: BatchReport): Promise<void> {
      const { batchId, rejected } = report;
      try {
        const path = await files.keep(report);
        const where = path === null ? `ratesapp batches rejects ${batchId} gives them` : `they are in ${path}`;
        console.log(printable(`Bad lines that were left out: ${rejected}; ${where}.`));
      } catch (error) {
        process.exitCode = EXIT.failed;
        console.error(
          printable(
            `${(error as Error).message} Bad lines that were left out: ${rejected}; ratesapp batches rejects ${batchId} gives them.`,
          ),
        );
      }
    }
  });
}

function outcomeOf({ batchId, name, state, already, rows, failure, duplicateOf }: BatchReport): string {
  const prices = `${rows.toLocaleString("en-US")} ${rows === 1 ? "price" : "prices"}`;
  if (state === "failed") {
    if (!already) return `Batch ${batchId} (${name}) failed: ${failure}`;
    return `${name} failed before, as batch ${batchId}: ${failure} Repair it, or let the next run load it again: ratesapp batches retry ${batchId}`;
  }
  if (state === "duplicate") {
    return `${name} was loaded already: it has the same prices as batch ${duplicateOf}. Nothing changed.`;
  }
  if (!already) return `Batch ${batchId} (${name}) is ${state}: ${prices}.`;
  const hint = state === "retracted" ? ` and retracted since; ratesapp batches publish ${batchId} shows it again` : "";
  return `${name} was loaded already as batch ${batchId}${hint}. Nothing changed.`;
}
