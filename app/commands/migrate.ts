import { Command } from "commander";
import { isMigrated, migrate } from "../database/migrate.js";
import { openPool } from "../database/pool.js";
import { readSettings } from "../settings.js";
import { sleep } from "../sleep.js";
import { createLogger, type Logger } from "../telemetry/logger.js";
import { openCommandDatabase, withWriteDatabase } from "./command-database.js";
import { stopSignal } from "./stop-signal.js";

const POLL_MS = 500;
const STATEMENT_TIMEOUT_MS = 2_000;

/** `ratesapp migrate`. With `--wait`, it waits for the schema, for pods that must not start before. */
export function migrateCommand(): Command {
  return new Command("migrate")
    .description("Bring the database to the schema of this release; does nothing if it is there.")
    .option("--wait", "change nothing: wait until another process has migrated the database that is read from")
    .addHelpText(
      "after",
      `
Any number of processes may run it at once, and again after a failure. A database of a newer release is left alone.

Examples:
  DATABASE_URL=postgres://owner@db/rates ratesapp migrate
  DATABASE_READ_URL=postgres://api@replicas/rates ratesapp migrate --wait`,
    )
    .action(async ({ wait }: { wait?: true }) => {
      const settings = readSettings();
      if (wait) {
        const database = await openCommandDatabase(settings);
        try {
          await waitForSchema(database.readUrl, stopSignal(), createLogger(settings));
        } finally {
          await database.close();
        }
      } else {
        await withWriteDatabase(settings, async (url) => {
          const applied = await migrate(url);
          for (const { number, name } of applied) console.log(`applied ${number} ${name}`);
        });
      }
      console.log("The database is at the schema of this release.");
    });
}

/** Waits without a limit. Kubernetes ends an init container or a Job that takes too long, and a user presses Ctrl-C. */
async function waitForSchema(url: string, signal: AbortSignal, logger: Logger): Promise<void> {
  const pool = openPool({
    url,
    size: 1,
    applicationName: "ratesapp migrate",
    statementTimeoutMs: STATEMENT_TIMEOUT_MS,
  });
  let last = "";
  try {
    for (;;) {
      const reason = await isMigrated(pool).then(
        (done) => (done ? undefined : "the schema of this release is not there yet"),
        (error: Error) => `the database does not answer: ${error.message}`,
      );
      if (reason === undefined) return;
      if (reason !== last) logger.info({ reason }, "waiting");
      last = reason;
      await sleep(POLL_MS, signal);
    }
  } finally {
    await pool.end();
  }
}
