import { existsSync, realpathSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Settings } from "../settings.js";
import { UsageError } from "./failure.js";

/** The databases that a command works on. */
export interface CommandDatabase {
  /** Address for writes; undefined if only DATABASE_READ_URL is set. */
  readonly writeUrl: string | undefined;
  /** Address for reads. */
  readonly readUrl: string;
  /**
   * True if it is the local Postgres. This process migrates it, so it already has the newest schema. A database that
   * the user names is migrated by `ratesapp migrate`.
   */
  readonly local: boolean;
  close(): Promise<void>;
}

/** Folder of this project, or of its installed package. */
const PROJECT = realpathSync(fileURLToPath(new URL("../../", import.meta.url)));

/**
 * Opens the databases that the settings name, or the local Postgres if they name none.
 * @throws {UsageError} if the local Postgres would be made outside of the project's folder. The command would make an
 * empty database there, and the user would think that the data are lost.
 */
export async function openCommandDatabase(settings: Settings): Promise<CommandDatabase> {
  const writeUrl = settings.databaseUrl;
  const readUrl = settings.databaseReadUrl ?? writeUrl;
  if (readUrl !== undefined) return { writeUrl, readUrl, local: false, close: async () => {} };
  const { dataDirectory, dataDirectoryGiven } = settings;
  if (!dataDirectoryGiven && realpathSync(".") !== PROJECT && !existsSync(join(dataDirectory, "postgres"))) {
    throw new UsageError(
      `No database: DATABASE_URL is not set, and the local Postgres is that of ${PROJECT}, which is another folder than this.\nSet DATABASE_URL, or DATA_DIRECTORY to a folder for a local Postgres.`,
    );
  }
  // Imported only here: most commands are given a database.
  const { openEmbedded } = await import("../database/embedded.js");
  const { migrate } = await import("../database/migrate.js");
  const embedded = await openEmbedded({ directory: dataDirectory });
  try {
    await migrate(embedded.url);
  } catch (error) {
    await embedded.close();
    throw error;
  }
  return { writeUrl: embedded.url, readUrl: embedded.url, local: true, close: embedded.close };
}

/**
 * Runs `work` with the address of the database that takes writes.
 * @throws {UsageError} if the settings name only a database for reads.
 */
export async function withWriteDatabase<T>(settings: Settings, work: (url: string) => Promise<T>): Promise<T> {
  const database = await openCommandDatabase(settings);
  try {
    if (database.writeUrl === undefined) {
      throw new UsageError("DATABASE_URL: is needed to write; only DATABASE_READ_URL is set");
    }
    return await work(database.writeUrl);
  } finally {
    await database.close();
  }
}
