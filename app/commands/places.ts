import { readFile } from "node:fs/promises";
import { Command } from "commander";
import { openPool } from "../database/pool.js";
import { importPlaces } from "../places/import-places.js";
import { readSettings } from "../settings.js";
import { withWriteDatabase } from "./database.js";

export function placesCommand(): Command {
  return new Command("places").description("Ports and the regions they lie in.").addCommand(importCommand());
}

function importCommand(): Command {
  return new Command("import")
    .description("Add and update ports and regions, all or nothing; places that the files do not name stay.")
    .requiredOption("--ports <file>", "CSV file with the header code,name,parent_slug")
    .requiredOption(
      "--regions <file>",
      "CSV file with the header slug,name,parent_slug; parents may stand after children",
    )
    .addHelpText(
      "after",
      `
Every mistake is named with its file and line; the header is line 1.

Example:
  ratesapp places import --ports ports.csv --regions regions.csv`,
    )
    .action(async (options: { ports: string; regions: string }) => {
      const settings = readSettings();
      const [ports, regions] = await Promise.all([readFile(options.ports), readFile(options.regions)]);
      await withWriteDatabase(settings, async (url) => {
        const pool = openPool({ url, size: 1, applicationName: "ratesapp places import", statementTimeoutMs: 0 });
        try {
          const report = await importPlaces(pool, {
            ports: { name: options.ports, content: ports },
            regions: { name: options.regions, content: regions },
          });
          console.log(`Ports: ${report.ports}; regions: ${report.regions}; new or changed: ${report.changed}.`);
          if (report.rerolled > 0) console.log(`Regions whose rates were made again: ${report.rerolled}.`);
        } finally {
          await pool.end();
        }
      });
    });
}
