import { Command } from "commander";
import { migrate } from "../database/migrate.js";
import { readSettings } from "../settings.js";
import { withWriteDatabase } from "./database.js";

export function migrateCommand(): Command {
  return new Command("migrate")
    .description("Bring the database to the schema of this release; does nothing if it is there.")
    .addHelpText(
      "after",
      `
Any number of processes may run it at once, and again after a failure. A database of a newer release is left alone.

Example:
  DATABASE_URL=postgres://owner@db/rates ratesapp migrate`,
    )
    .action(async () => {
      await withWriteDatabase(readSettings(), async (url) => {
        const applied = await migrate(url);
        for (const { number, name } of applied) console.log(`applied ${number} ${name}`);
        console.log("The database is at the schema of this release.");
      });
    });
}
