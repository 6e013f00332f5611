import { readBatch } from "../batches/batch-summary.js";
import { Database } from "../database/database.js";
import { openPool } from "../database/pool.js";
import { ingestSource } from "../ingest/ingest-source.js";
import { readSettings } from "../settings.js";
import { createLogger } from "../telemetry/logger.js";
import { withWriteDatabase } from "./command-database.js";
import { EXIT } from "./failure.js";
import { type FeedOptions, readFeedOptions } from "./feed-options.js";
import { ProgressDisplay } from "./ingest-progress.js";
import { IngestReports } from "./ingest-reports.js";
import { openDeliveries } from "./open-deliveries.js";
import { RejectsFiles } from "./rejects-files.js";
import { stopSignal } from "./stop-signal.js";

/** Connections for two pieces at once, with their new months, leases, claims and progress. */
export const CONNECTIONS = 8;

/** Runs `ratesapp ingest run`, and sets the exit code of the process. */
export async function runIngest(options: FeedOptions): Promise<void> {
  const settings = readSettings();
  const {
    source: address,
    mode = "append",
    maxBadRows = 0,
    deadlineSeconds,
    rejects,
  } = await readFeedOptions(options, settings.feedsFile);
  const log = createLogger(settings);
  const signal = stopSignal();
  await withWriteDatabase(settings, async (url) => {
    const source = await openDeliveries(address, options.match, signal);
    const pool = openPool({ url, size: CONNECTIONS, applicationName: "ratesapp ingest run", statementTimeoutMs: 0 });
    const database = new Database(pool, { log, signal });
    const once = database.with({ patienceMs: 0 });
    const display = new ProgressDisplay((batchId) => readBatch(once, batchId), log);
    const files = new RejectsFiles(once, { rejects, force: options.force === true });
    const told = new IngestReports(database, files, options.json === true);
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
        onReport: (report) => told.tell(report),
      });
      if (reports.length === 0 && !options.json) console.log("Nothing new.");
      const failed = reports.filter(({ state }) => state === "failed");
      if (failed.some(({ already, failedForGood }) => !already && !failedForGood)) process.exitCode = EXIT.failed;
      else if (failed.length > 0) process.exitCode ??= EXIT.badDelivery;
    } finally {
      await display.endAll();
      await pool.end();
      told.end();
    }
  });
}
