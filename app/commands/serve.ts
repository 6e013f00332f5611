import { Command } from "commander";
import { readSettings } from "../settings.js";
import { createLogger } from "../telemetry/logger.js";
import { openCommandDatabase } from "./command-database.js";
import { environmentHelp } from "./environment-help.js";
import { serveUntil } from "./serve-until.js";
import { stopSignal } from "./stop-signal.js";

/** `ratesapp serve`: the API, its documents and the page, until SIGTERM. */
export function serveCommand(): Command {
  return new Command("serve")
    .description("Answer requests: the API, its documents and the page.")
    .addHelpText(
      "after",
      `
A given database is not migrated from here: until \`ratesapp migrate\` has run, the server is not ready and answers 503.
SIGTERM or Ctrl-C lets requests under way finish; a second one ends the process at once.

${environmentHelp()}

Examples:
  ratesapp serve
  DATABASE_URL=postgres://ingest@primary/rates DATABASE_READ_URL=postgres://api@replicas/rates ratesapp serve`,
    )
    .action(async () => {
      const settings = readSettings();
      const logger = createLogger(settings);
      const stop = stopSignal();
      const database = await openCommandDatabase(settings);
      try {
        await serveUntil(stop, database, settings, logger, () => {});
      } finally {
        await database.close();
      }
    });
}
