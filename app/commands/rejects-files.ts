import { statSync } from "node:fs";
import { basename, join } from "node:path";
import { readRejects } from "../batches/rejects.js";
import type { Queries } from "../database/queries.js";
import type { BatchReport } from "../ingest/ingest-source.js";
import { FileExistsError, writeOutput } from "./write-output.js";

/** Where to write the lines that were left out. */
export interface RejectsOptions {
  /**
   * A file, or a folder with a file for each delivery. If not given, the lines go next to the delivery if that is a
   * local file.
   */
  readonly rejects: string | undefined;
  /** True to overwrite that file if it exists. */
  readonly force: boolean;
}

/** Writes the lines that the deliveries of one run left out to files. */
export class RejectsFiles {
  readonly #database: Queries;
  readonly #options: RejectsOptions;
  readonly #written = new Set<string>();

  constructor(database: Queries, options: RejectsOptions) {
    this.#database = database;
    this.#options = options;
  }

  /**
   * Writes the lines that one delivery left out.
   * @returns the path of the file; null if there is no place for a file.
   * @throws {FileExistsError} @throws {OutputError}
   */
  async keep(report: BatchReport): Promise<string | null> {
    const paths = this.#pathsFor(report);
    for (const path of paths) {
      try {
        // If another delivery of this run has written to the same file, those lines must be kept.
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

  /**
   * The best path comes first. The second is used if the first holds lines of another delivery of the same name, which
   * a user may still be repairing.
   */
  #pathsFor({ batchId, name, location }: BatchReport): string[] {
    const { rejects } = this.#options;
    const ending = `.rejects.${/\.(ndjson|jsonl)\b/.test(name) ? "ndjson" : "csv"}`;
    const beside = (path: string) => [path + ending, `${path}.${batchId}${ending}`];
    // The key of an S3 object may contain folders, or point outside of the given folder. So only its last part is used.
    if (rejects !== undefined) return isFolder(rejects) ? beside(join(rejects, basename(name))) : [rejects];
    const isFile = location.startsWith("/") && !/^\/(dev|proc)\//.test(location);
    return isFile ? beside(location) : [];
  }
}

function isFolder(path: string): boolean {
  return path.endsWith("/") || statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
}
