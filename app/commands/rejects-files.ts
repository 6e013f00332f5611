import { statSync } from "node:fs";
import { basename, join } from "node:path";
import { readRejects } from "../batches/rejects.js";
import type { Queries } from "../database/queries.js";
import type { BatchReport } from "../ingest/ingest-source.js";
import { FileExistsError, writeOutput } from "./write-output.js";

/** Where the lines that were left out go. */
export interface RejectsOptions {
  /** A file, or a folder for a file of each delivery; if not given, they go next to deliveries that are local files. */
  readonly rejects: string | undefined;
  /** Overwrite that file if it is there already. */
  readonly force: boolean;
}

/** The files of lines that the deliveries of one run leave out. */
export class RejectsFiles {
  readonly #database: Queries;
  readonly #options: RejectsOptions;
  readonly #written = new Set<string>();

  constructor(database: Queries, options: RejectsOptions) {
    this.#database = database;
    this.#options = options;
  }

  /**
   * Writes those of one delivery.
   * @returns the file; null where there is no place for one.
   * @throws {FileExistsError} @throws {OutputError}
   */
  async keep(report: BatchReport): Promise<string | null> {
    const paths = this.#pathsFor(report);
    for (const path of paths) {
      try {
        // Another delivery of this run may have left lines there, which must not go.
        const force = this.#options.force && path === this.#options.rejects && !this.#written.has(path);
        await writeOutput(path, readRejects(this.#database, report.batchId), { force });
        this.#written.add(path);
        return path;
      } catch (error) {
        if (!(error instanceof FileExistsError) || path === paths.at(-1)) throw error;
      }
    }
    return null;
  }

  /** The best first; the next one where a user is still repairing the lines of another delivery of the same name. */
  #pathsFor({ batchId, name, location }: BatchReport): string[] {
    const { rejects } = this.#options;
    const ending = `.rejects.${/\.(ndjson|jsonl)\b/.test(name) ? "ndjson" : "csv"}`;
    const beside = (path: string) => [path + ending, `${path}.${batchId}${ending}`];
    // The key of an object may have folders, or lead out of this one.
    if (rejects !== undefined) return isFolder(rejects) ? beside(join(rejects, basename(name))) : [rejects];
    const isFile = location.startsWith("/") && !/^\/(dev|proc)\//.test(location);
    return isFile ? beside(location) : [];
  }
}

function isFolder(path: string): boolean {
  return path.endsWith("/") || statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
}
