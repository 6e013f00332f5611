import { Command, Option } from "commander";
import { readBatch } from "../batches/batch-summary.js";
import { countBadLines, readBadLines, tells } from "../batches/reported-lines.js";
import { Database } from "../database/database.js";
import { closePool, openPool } from "../database/pool.js";
import { DEFAULT_FEED, LONGEST_DEADLINE_SECONDS, MOST_BAD_ROWS } from "../ingest/feeds.js";
import { type BatchReport, ingestSource } from "../ingest/ingest-source.js";
import { REPORTED_BAD_LINES } from "../ingest/parse/bad-lines.js";
import { printable } from "../printable.js";
import { readSettings } from "../settings.js";
import { createLogger } from "../telemetry/logger.js";
import { feed, filled, parseWholeNumber } from "./arguments.js";
import { withWriteDatabase } from "./database.js";
import { EXIT } from "./failure.js";
import { type FeedOptions, readFeedOptions } from "./feed-options.js";
import { firstLines } from "./first-lines.js";
import { ProgressDisplay } from "./ingest-progress.js";
import { RejectsFiles } from "./rejects-files.js";
import { stopSignal } from "./stop-signal.js";

/** `ratesapp ingest run`. Exit codes: 3 if a delivery itself is at fault (bad lines), 1 if another run may succeed. */
export function ingestCommand(): Command {
  return new Command("ingest").description("Load deliveries of prices.").addCommand(runCommand());
}

function runCommand(): Command {
  return new Command("run")
    .description("Load a delivery as one batch, with any number of processes, and publish it as a whole or not at all.")
    .option("--source <place>", "a file, a folder, http(s)://…, s3://bucket/prefix, or - for standard input", filled)
    .option("--feed <name>", `the feed it belongs to (${DEFAULT_FEED}); alone: one that FEEDS_FILE has`, feed)
    .addOption(
      new Option(
        "--mode <mode>",
        "replace: hide the feed's earlier prices of the days that the delivery holds (append)",
      ).choices(["append", "replace"]),
    )
    .option(
      "--max-bad-rows <number>",
      "bad lines to leave out instead of failing (0)",
      parseWholeNumber(0, MOST_BAD_ROWS),
    )
    .option(
      "--deadline <seconds>",
      "limit of the processing time: warn once it will be missed",
      parseWholeNumber(1, LONGEST_DEADLINE_SECONDS),
    )
    .option(
      "--rejects <path>",
      "where lines that are left out go: a file, or a folder if there are several deliveries",
      filled,
    )
    .option("--force", "overwrite the file that --rejects names, if it is there already")
    .addHelpText(
      "after",
      `
Prices are CSV with the columns orig_code, dest_code, day and price in any order, or NDJSON with these names; plain,
gzip or zstd; which of them is seen from the content. Every file is one batch; of a folder or an S3 prefix, those that
are not known yet.

Run it in any number of places at once: they share the work. A process that is killed loses nothing; others take its
pieces over, or run the command again. The same file is loaded once. Lines that are left out are written next to a
local file, as FILE.rejects.csv, to be repaired and loaded.

FEEDS_FILE names a JSON file of feeds, such as {"asia": {"source": "s3://deliveries/asia/", "mode": "replace",
"maxBadRows": 10, "deadlineSeconds": 3600, "rejects": "/rejects"}}; only source must be there, and options win over it.
S3 takes its endpoint, region and keys from the usual environment (AWS_ENDPOINT_URL, AWS_REGION, AWS_ACCESS_KEY_ID, …).

Exit codes:
  0  everything is published, or was so before
  1  something went wrong that may go right next time
  2  wrong usage or configuration
  3  a delivery failed and would fail again: its lines are bad (they are listed), or it failed in an earlier run
  143, 130  stopped by SIGTERM, by Ctrl-C

Examples:
  ratesapp ingest run --source prices.csv
  ratesapp ingest run --feed asia --mode replace --source s3://deliveries/asia/
  FEEDS_FILE=feeds.json ratesapp ingest run --feed asia
  zcat prices.csv.gz | ratesapp ingest run --source - --max-bad-rows 10 --rejects bad.csv`,
    )
    .action(run);
}

/** Two pieces at once, their new months, leases, claims and progress. */
export const CONNECTIONS = 8;

async function run(options: FeedOptions): Promise<void> {
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
      await closePool(pool);
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
