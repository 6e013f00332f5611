import { Command, InvalidArgumentError, Option } from "commander";
import { BatchNotFoundError } from "../batches/batch-error.js";
import { writeBatch } from "../batches/batch-json.js";
import { batchStates } from "../batches/batch-state.js";
import { type ListOptions, listBatches, readBatch } from "../batches/batch-summary.js";
import { failBatch, STOPPED } from "../batches/fail.js";
import { publishBatch } from "../batches/publish.js";
import { readRejects } from "../batches/rejects.js";
import { countBadLines, readBadLines } from "../batches/reported-lines.js";
import { retractBatch } from "../batches/retract.js";
import { retryBatch } from "../batches/retry.js";
import { Database } from "../database/database.js";
import { openPool } from "../database/pool.js";
import { auditBatch } from "../ingest/audit/audit.js";
import { REPORTED_BAD_LINES } from "../ingest/parse/bad-lines.js";
import { completeUpload, failAbandonedUploads } from "../ingest/uploads/upload.js";
import { printable } from "../printable.js";
import { readSettings, type Settings } from "../settings.js";
import { type CompactReport, compact } from "../upkeep/compact.js";
import { reclaimBatch } from "../upkeep/reclaim.js";
import { dropOldMonths } from "../upkeep/retention.js";
import { Turns } from "../upkeep/turns.js";
import { argument, batchNumber, feed, filled, LAST_BATCH, parseWholeNumber } from "./arguments.js";
import { writeBatchDetails, writeBatchTable } from "./batch-table.js";
import { withWriteDatabase } from "./command-database.js";
import { stopSignal } from "./stop-signal.js";
import { writeOutput } from "./write-output.js";

interface JsonOption {
  readonly json?: true;
}

const MOST_LISTED = 10_000;
const MOST_REASON_CHARACTERS = 1_000;
/** Longer than the age of any price. */
const LONGEST_RETENTION_DAYS = 100_000;

/** `ratesapp batches`: list, show, publish, retract, fail, retry, rejects and compact. */
export function batchesCommand(): Command {
  return new Command("batches")
    .description("See what was delivered; retract it, publish it again, and keep the tables small.")
    .addCommand(listCommand())
    .addCommand(showCommand())
    .addCommand(changeCommand("retract", "Make a published batch invisible at once; `publish` undoes it.", retract))
    .addCommand(
      changeCommand(
        "publish",
        "Publish an upload that is complete, a batch that was audited or retracted, or one whose audit was broken off.",
        publish,
      ),
    )
    .addCommand(
      changeCommand(
        "fail",
        "End a batch that is not published: its workers stop, and its rows are deleted.",
        fail,
      ).option("--reason <text>", "why, for those who look at it later", reason, STOPPED),
    )
    .addCommand(changeCommand("retry", "Let the next `ingest run` of its source load a failed batch again.", retry))
    .addCommand(rejectsCommand())
    .addCommand(compactCommand());
}

function listCommand(): Command {
  return new Command("list")
    .description("The newest batches.")
    .option("--feed <name>", "only those of a feed", feed)
    .addOption(new Option("--state <state>", "only those in a state").choices(batchStates))
    .option(
      "--before <id>",
      "only those with a lower number: the last of a page gives the next page",
      parseWholeNumber(1, LAST_BATCH),
    )
    .option("--limit <number>", "how many", parseWholeNumber(1, MOST_LISTED), 20)
    .option("--json", "as JSON")
    .addHelpText(
      "after",
      "\nExamples:\n  ratesapp batches list\n  ratesapp batches list --feed asia --state failed --json\n  ratesapp batches list --before 4711",
    )
    .action(async ({ json, ...options }: JsonOption & ListOptions) => {
      await withBatches(async (database) => {
        const batches = await listBatches(database, options);
        if (json) print(batches.map((batch) => writeBatch(batch)));
        else console.log(batches.length === 0 ? "No batches." : writeBatchTable(batches));
      });
    });
}

function showCommand(): Command {
  return new Command("show")
    .description("One batch, with its bad lines.")
    .argument("<id>", "number of the batch", batchNumber)
    .option("--json", "as JSON")
    .addHelpText("after", "\nExample:\n  ratesapp batches show 7")
    .action(async (id: number, options: JsonOption) => {
      await withBatches(async (database) => {
        const batch = await readBatch(database, id);
        if (batch === undefined) throw new BatchNotFoundError(id);
        const lines = await readBadLines(database, id, REPORTED_BAD_LINES);
        const counts = await countBadLines(database, id);
        if (options.json) print({ ...writeBatch(batch, lines), error_counts: counts });
        else console.log(writeBatchDetails(batch, lines, counts));
      });
    });
}

function rejectsCommand(): Command {
  return new Command("rejects")
    .description("The bad lines that were left out of a batch, as they stood, to be repaired and loaded.")
    .argument("<id>", "number of the batch", batchNumber)
    .argument("[path]", "a file, a pipe or a device; standard output if not given", argument("[path]", filled))
    .option("--force", "overwrite a file that is there already")
    .addHelpText(
      "after",
      `
The header comes first, unless the batch was sent in pieces, which have one each. Devices and pipes are written through.

Examples:
  ratesapp batches rejects 7
  ratesapp batches rejects 7 bad.csv --force`,
    )
    .action(async (id: number, path: string | undefined, options: { force?: true }) => {
      await withBatches((database) => writeOutput(path ?? "-", readRejects(database, id), options));
    });
}

interface ChangeOptions extends JsonOption {
  readonly reason?: string;
}

type Change = (database: Database, id: number, settings: Settings, options: ChangeOptions) => Promise<string>;

function changeCommand(name: string, description: string, change: Change): Command {
  return new Command(name)
    .description(description)
    .argument("<id>", "number of the batch", batchNumber)
    .option("--json", "the batch afterwards, as JSON")
    .addHelpText("after", `\nExample:\n  ratesapp batches ${name} 7`)
    .action(async (id: number, options: ChangeOptions) => {
      await withBatches(async (database, settings) => {
        const outcome = await change(database, id, settings, options);
        const batch = options.json ? await readBatch(database, id) : undefined;
        if (batch === undefined) console.log(printable(outcome));
        else print(writeBatch(batch));
      });
    });
}

/** A user waits for the command, so it gives up much sooner than a worker when the database is away. */
const PATIENCE_MS = 30_000;

const retract: Change = async (database, id, { retractableDays }) => {
  const { changed, version } = await retractBatch(database.with({ patienceMs: PATIENCE_MS }), id, { retractableDays });
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
  return changed
    ? `Batch ${id} is published (dataset version ${version}).`
    : `Batch ${id} was published before. Nothing changed.`;
};

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

/** If a client still wants its upload, it sends something within a day. */
const ABANDONED_AFTER_HOURS = 24;

interface CompactCommandOptions extends JsonOption {
  readonly retentionDays?: number;
}

function compactCommand(): Command {
  return new Command("compact")
    .description("Fold batches that can no longer be retracted, delete rows that no consumer can see, drop old months.")
    .option(
      "--retention-days <number>",
      "drop whole months of prices that are older than this many days",
      parseWholeNumber(1, LONGEST_RETENTION_DAYS),
    )
    .option("--json", "what was done, as JSON")
    .addHelpText(
      "after",
      `
Uploads that have received nothing for a day fail first. Answers stay the same, readers and loads are not held up, and it can be stopped at any point: the next run goes on.
Run it once a day. Batches can be retracted for RETRACTABLE_DAYS after their publish, and are left alone until then.
With --retention-days, old months are gone for good; only the role that owns the tables can drop them.

Examples:
  ratesapp batches compact
  ratesapp batches compact --retention-days 1100`,
    )
    .action(async (options: CompactCommandOptions) => {
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
        if (options.json) print({ folded, deleted: { daily_rates: dailyRates, prices }, dropped });
        else {
          console.log(
            `Folded ${folded} ${folded === 1 ? "month of a feed" : "months of feeds"}; deleted ${count(dailyRates)} daily rates and ${count(prices)} prices that no consumer could see.`,
          );
          if (dropped.length > 0) console.log(`Dropped ${dropped.map((month) => month.slice(0, 7)).join(", ")}.`);
        }
      });
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

function print(value: unknown): void {
  // JSON does not escape control characters above 7F, which a terminal obeys too.
  const written = (character: string) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;
  console.log(JSON.stringify(value, null, 2).replace(/(?!\n)\p{Cc}/gu, written));
}

function count(rows: number): string {
  return rows.toLocaleString("en-US");
}

function reason(text: string): string {
  if (text.length > MOST_REASON_CHARACTERS) {
    throw new InvalidArgumentError(`It must have at most ${MOST_REASON_CHARACTERS} characters.`);
  }
  return filled(text);
}
