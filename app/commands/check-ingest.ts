import { Database } from "../database/database.js";
import { openPool } from "../database/pool.js";
import { type CheckReport, checkSource } from "../ingest/check-source.js";
import { printable } from "../printable.js";
import { readSettings } from "../settings.js";
import { createLogger } from "../telemetry/logger.js";
import { withWriteDatabase } from "./command-database.js";
import { EXIT } from "./failure.js";
import { type FeedOptions, readFeedOptions } from "./feed-options.js";
import { firstLines } from "./first-lines.js";
import { openDeliveries } from "./open-deliveries.js";
import { printJson } from "./print-json.js";
import { stopSignal } from "./stop-signal.js";

/** Runs `ratesapp ingest run --dry-run`, and sets the exit code of the process. */
export async function checkIngest(options: FeedOptions): Promise<void> {
  const settings = readSettings();
  const { source: address, maxBadRows = 0 } = await readFeedOptions(options, settings.feedsFile);
  const signal = stopSignal();
  await withWriteDatabase(settings, async (url) => {
    const source = await openDeliveries(address, options.match, signal);
    const pool = openPool({ url, size: 1, applicationName: "ratesapp ingest run", statementTimeoutMs: 0 });
    const database = new Database(pool, { log: createLogger(settings), signal });
    const reports: CheckReport[] = [];
    try {
      const { feed } = options;
      for await (const report of checkSource({
        database,
        source,
        maxBadRows,
        ...(feed === undefined ? {} : { feed }),
      })) {
        reports.push(report);
        if (!options.json) tell(report);
      }
    } finally {
      await pool.end();
    }
    if (options.json) printJson(reports.map(describe));
    else if (reports.length === 0) console.log("Nothing new.");
    if (reports.some(({ would }) => would === "retry")) process.exitCode = EXIT.failed;
    else if (reports.some(({ would }) => would === "fail")) process.exitCode = EXIT.badDelivery;
  });
}

function tell(report: CheckReport): void {
  console.log(printable(outcomeOf(report)));
  const lines = report.errors.map(({ file, line, column, reason }) =>
    printable(`${file}:${line}: ${column === null ? "" : `${column}: `}${reason}`),
  );
  for (const line of firstLines(lines, "with 2> FILE all of them are in a file.")) console.error(line);
  for (const { reason, count } of report.errorCounts) console.error(`${count} × ${reason}`);
}

function outcomeOf({ name, would, reason, rows, rejected, months }: CheckReport): string {
  if (would === "skip") return `${name} would not be loaded. ${reason}`;
  if (would === "retry") return `${name} cannot be read now: ${reason}`;
  if (would === "fail") return `${name} would fail: ${reason}`;
  const prices = `${rows.toLocaleString("en-US")} ${rows === 1 ? "price" : "prices"}`;
  const span = months.length === 1 ? months[0] : `${months[0]} to ${months.at(-1)}`;
  const left = rejected === 0 ? "" : ` Bad lines that would be left out: ${rejected}.`;
  return `${name} would be published: ${prices} of ${span}.${left}`;
}

function describe({ name, location, would, reason, rows, rejected, months, errors, errorCounts }: CheckReport) {
  return { name, source: location, would, reason, rows, rejected, months, errors, error_counts: errorCounts };
}
