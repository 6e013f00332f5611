import { existsSync, realpathSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { openEmbedded } from "../database/embedded.js";
import { migrate } from "../database/migrate.js";
import type { Settings } from "../settings.js";
import { UsageError } from "./failure.js";

/** The databases a command works on. */
export interface CommandDatabase {
  /** Where writes go; undefined where only DATABASE_READ_URL is given. */
  readonly writeUrl: string | undefined;
  /** Where reads go. */
  readonly readUrl: string;
  /**
   * True for the local Postgres, which this process migrates itself: it is at the newest schema when this is returned.
   * A database that is given is migrated by `ratesapp migrate`.
   */
  readonly local: boolean;
  close(): Promise<void>;
}

/** The folder of this project, or of what is installed of it. */
const PROJECT = realpathSync(fileURLToPath(new URL("../../", import.meta.url)));

/**
 * The databases of the settings, or the local Postgres where they name none.
 * @throws {UsageError} in any other folder than the project's: the command would make an empty database there, and the
 * user would think that the data are lost.
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
 * Runs `work` on the database that takes writes.
 * @throws {UsageError} if the settings only name one to read from.
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
