import { type Stats, statSync } from "node:fs";
import { join } from "node:path";
import { Command, InvalidArgumentError, Option } from "commander";
import { closePool, openPool } from "../database/pool.js";
import { countBadLines, readBadLines } from "../ingest/bad-lines.js";
import { type BatchReport, ingestSource } from "../ingest/ingest-source.js";
import { REPORTED_BAD_LINES } from "../ingest/parse/bad-lines.js";
import { writeRejects } from "../ingest/rejects.js";
import { readSettings } from "../settings.js";
import { createLogger } from "../telemetry/logger.js";
import { withWriteDatabase } from "./database.js";
import { ProgressDisplay } from "./ingest-progress.js";
import { stopSignal } from "./stop-signal.js";

interface RunOptions {
  readonly source: string;
  readonly feed?: string;
  readonly mode: "append" | "replace";
  readonly maxBadRows: number;
  readonly deadline?: number;
  readonly rejects?: string;
}

export function ingestCommand(): Command {
  return new Command("ingest").description("Load deliveries of prices.").addCommand(runCommand());
}

function runCommand(): Command {
  return new Command("run")
    .description("Load a delivery as one batch, with any number of processes, and publish it as a whole or not at all.")
    .requiredOption("--source <place>", "a file, a folder, http(s)://…, s3://bucket/prefix, or - for standard input")
    .option("--feed <name>", "the feed it belongs to (the place that the source is in)")
    .addOption(
      new Option("--mode <mode>", "replace: hide the feed's earlier prices of the days that the delivery holds")
        .choices(["append", "replace"])
        .default("append"),
    )
    .option("--max-bad-rows <number>", "bad lines to leave out instead of failing", wholeNumber, 0)
    .option("--deadline <seconds>", "limit of the processing time: warn once it will be missed", wholeNumber)
    .option("--rejects <path>", "where lines that are left out go: a file, or a folder if there are several deliveries")
    .addHelpText(
      "after",
      `
Prices are CSV with the columns orig_code, dest_code, day and price in any order, or NDJSON with these names; plain,
gzip or zstd; which of them is seen from the content. Every file is one batch; of a folder or an S3 prefix, those that
are not known yet.

Run it in any number of places at once: they share the work. A process that is killed loses nothing; others take its
pieces over, or run the command again. The same file is loaded once. Lines that are left out are written next to a
local file, as FILE.rejects.csv, to be repaired and loaded.

S3 takes its endpoint, region and keys from the usual environment (AWS_ENDPOINT_URL, AWS_REGION, AWS_ACCESS_KEY_ID, …).

Exit code: 0 if everything is published or was so before, 1 if a batch failed; its bad lines are then listed.

Examples:
  ratesapp ingest run --source prices.csv
  ratesapp ingest run --feed asia --mode replace --source s3://deliveries/asia/
  zcat prices.csv.gz | ratesapp ingest run --source - --max-bad-rows 10 --rejects bad.csv`,
    )
    .action(run);
}

/** Two lanes, their new months, leases, claims and progress. */
const CONNECTIONS = 8;

async function run(options: RunOptions): Promise<void> {
  const settings = readSettings();
  const log = createLogger(settings);
  const signal = stopSignal();
  await withWriteDatabase(settings, async (url) => {
    const pool = openPool({ url, size: CONNECTIONS, applicationName: "ratesapp ingest run", statementTimeoutMs: 0 });
    const display = new ProgressDisplay(pool, log);
    try {
      const reports = await ingestSource({
        pool,
        source: options.source,
        ...(options.feed === undefined ? {} : { feed: options.feed }),
        mode: options.mode,
        maxBadRows: options.maxBadRows,
        ...(options.deadline === undefined ? {} : { deadlineSeconds: options.deadline }),
        signal,
        log: display.log,
        onBatch: (batchId, source) => display.watch(batchId, source.name),
        onEnd: () => display.end(),
      });
      for (const report of reports) await tell(report, options);
      if (reports.length === 0) console.log("Nothing new.");
    } finally {
      await display.end();
      await closePool(pool);
    }

    async function tell(report: BatchReport, { rejects }: RunOptions): Promise<void> {
      console.log(outcomeOf(report));
      if (report.state === "failed") {
        process.exitCode = 1;
        if (!report.already || report.rejected > 0) await listBadLines(report);
      } else if (report.rejected > 0 && !report.already) {
        await keepRejects(report, rejects);
      }
    }

    async function listBadLines({ batchId }: BatchReport): Promise<void> {
      for (const { file, line, column, reason } of await readBadLines(pool, batchId, REPORTED_BAD_LINES)) {
        console.error(`${file}:${line ?? "?"}: ${column === null ? "" : `${column}: `}${reason}`);
      }
      for (const { reason, count } of await countBadLines(pool, batchId)) console.error(`${count} × ${reason}`);
    }

    async function keepRejects(report: BatchReport, rejects: string | undefined): Promise<void> {
      const path = rejectsPath(report, rejects);
      if (path === null) {
        log.warn({ batch: report.batchId }, "the lines that were left out are not kept: --rejects says where to");
        return;
      }
      try {
        const lines = await writeRejects(pool, report.batchId, path);
        console.log(`Bad lines that were left out: ${lines}; they are in ${path}.`);
      } catch (error) {
        process.exitCode = 1;
        console.error(`The lines that were left out could not be written to ${path}: ${(error as Error).message}`);
      }
    }
  });
}

function outcomeOf({ batchId, name, state, already, rows, failure, duplicateOf }: BatchReport): string {
  const prices = `${rows.toLocaleString("en-US")} ${rows === 1 ? "price" : "prices"}`;
  if (state === "failed") return `Batch ${batchId} (${name}) failed: ${failure}`;
  if (state === "duplicate") {
    return `${name} was loaded already: it has the same prices as batch ${duplicateOf}. Nothing changed.`;
  }
  if (!already) return `Batch ${batchId} (${name}) is ${state}: ${prices}.`;
  const hint = state === "retracted" ? ` and retracted since; ratesapp batches publish ${batchId} shows it again` : "";
  return `${name} was loaded already as batch ${batchId}${hint}. Nothing changed.`;
}

/** Null where there is no place for them. */
function rejectsPath({ name, location }: BatchReport, rejects: string | undefined): string | null {
  const beside = (path: string) => `${path}.rejects.${/\.(ndjson|jsonl)\b/.test(name) ? "ndjson" : "csv"}`;
  if (rejects !== undefined) return isFolder(rejects) ? join(rejects, beside(name)) : rejects;
  return location.startsWith("/") ? beside(location) : null;
}

function isFolder(path: string): boolean {
  const stats: Stats | undefined = statSync(path, { throwIfNoEntry: false });
  return stats?.isDirectory() === true;
}

function wholeNumber(text: string): number {
  if (!/^\d{1,15}$/.test(text)) throw new InvalidArgumentError("It must be a whole number.");
  return Number(text);
}
