import { BatchNotFoundError } from "../batches/batch-error.js";
import { writeBatch } from "../batches/batch-json.js";
import { readBatch } from "../batches/batch-summary.js";
import { countBadLines, readBadLines, tells } from "../batches/reported-lines.js";
import type { Queries } from "../database/queries.js";
import type { BatchReport } from "../ingest/ingest-source.js";
import { REPORTED_BAD_LINES } from "../ingest/parse/bad-lines.js";
import { printable } from "../printable.js";
import { EXIT } from "./failure.js";
import { firstLines } from "./first-lines.js";
import { printJson } from "./print-json.js";
import type { RejectsFiles } from "./rejects-files.js";

/** Tells the user what became of each delivery of a run: as text at once, or as JSON at the end. */
export class IngestReports {
  readonly #database: Queries;
  readonly #files: RejectsFiles;
  /** Undefined if text is wanted. */
  readonly #json: unknown[] | undefined;

  constructor(database: Queries, files: RejectsFiles, json: boolean) {
    this.#database = database;
    this.#files = files;
    this.#json = json ? [] : undefined;
  }

  async tell(report: BatchReport): Promise<void> {
    const { already, state, rejected } = report;
    if (this.#json === undefined) {
      console.log(printable(outcomeOf(report)));
      if (!already && state === "failed") await this.#listBadLines(report);
    }
    const file = !already && state !== "failed" && rejected > 0 ? await this.#keepRejects(report) : null;
    this.#json?.push({ ...(await this.#describe(report.batchId)), already, rejects_file: file });
  }

  /** Prints the JSON, also of a run that broke off. */
  end(): void {
    if (this.#json !== undefined) printJson(this.#json);
  }

  /** As `ratesapp batches show --json` prints it. */
  async #describe(batchId: number): Promise<object> {
    const batch = await readBatch(this.#database, batchId);
    if (batch === undefined) throw new BatchNotFoundError(batchId);
    const lines = await readBadLines(this.#database, batchId, REPORTED_BAD_LINES);
    return { ...writeBatch(batch, lines), error_counts: await countBadLines(this.#database, batchId) };
  }

  async #listBadLines({ batchId, failure }: BatchReport): Promise<void> {
    const bad = await readBadLines(this.#database, batchId, REPORTED_BAD_LINES);
    const lines = bad
      .filter(({ reason }) => !tells(failure, reason))
      .map(({ file, line, column, reason }) =>
        printable(`${file}:${line ?? "?"}: ${column === null ? "" : `${column}: `}${reason}`),
      );
    for (const line of firstLines(lines, `ratesapp batches show ${batchId} names them.`)) console.error(line);
    for (const { reason, count } of await countBadLines(this.#database, batchId)) {
      console.error(`${count} × ${reason}`);
    }
  }

  /** @returns the path of the file with the lines that were left out, if there is one. */
  async #keepRejects(report: BatchReport): Promise<string | null> {
    const { batchId, rejected } = report;
    try {
      const path = await this.#files.keep(report);
      const where = path === null ? `ratesapp batches rejects ${batchId} gives them` : `they are in ${path}`;
      if (this.#json === undefined) {
        console.log(printable(`Bad lines that were left out: ${rejected}; ${where}.`));
      }
      return path;
    } catch (error) {
      process.exitCode = EXIT.failed;
      console.error(
        printable(
          `${(error as Error).message} Bad lines that were left out: ${rejected}; ratesapp batches rejects ${batchId} gives them.`,
        ),
      );
      return null;
    }
  }
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
