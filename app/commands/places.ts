import { createReadStream } from "node:fs";
import { Command } from "commander";
import { Database } from "../database/database.js";
import { openPool } from "../database/pool.js";
import { importPlaces } from "../places/import-places.js";
import { PlacesError } from "../places/places-error.js";
import type { PlacesFile } from "../places/places-file.js";
import { readSettings } from "../settings.js";
import { systemReason } from "../system-reason.js";
import { filled } from "./arguments.js";
import { withWriteDatabase } from "./command-database.js";
import { firstLines } from "./first-lines.js";
import type { ExportOptions } from "./show-places.js";

/** `ratesapp places`: import, list and export. */
export function placesCommand(): Command {
  return new Command("places")
    .description("Ports and the regions they lie in.")
    .addCommand(importCommand())
    .addCommand(listCommand())
    .addCommand(exportCommand());
}

function listCommand(): Command {
  return new Command("list")
    .description("All ports and regions by code, each with the region that it lies in.")
    .option("--json", "as JSON")
    .addHelpText("after", "\nExamples:\n  ratesapp places list\n  ratesapp places list --json")
    .action(async ({ json }: { json?: true }) =>
      (await import("./show-places.js")).listPlaces({ json: json === true }),
    );
}

function exportCommand(): Command {
  return new Command("export")
    .description("Write all ports and regions to files, as `places import` reads them.")
    .requiredOption("--ports <file>", "file for the ports, with the header code,name,parent_slug", filled)
    .option("--regions <file>", "file for the regions, with the header slug,name,parent_slug", filled)
    .option("--force", "overwrite files that are there already")
    .addHelpText(
      "after",
      `
Both files are of one version of the data. A file appears only when it is complete; - is standard output.

Example:
  ratesapp places export --ports ports.csv --regions regions.csv`,
    )
    .action(async (options: ExportOptions) => (await import("./show-places.js")).exportPlaces(options));
}

/** If the files have mistakes, it exits with 3 and changes nothing. */
function importCommand(): Command {
  return new Command("import")
    .description("Add and update ports and regions, all or nothing; places that the files do not name stay.")
    .requiredOption(
      "--ports <file...>",
      "CSV files with the header code,name,parent_slug, or the files of UN/LOCODE as they are published",
      (path: string, paths: readonly string[] = []) => [...paths, filled(path)],
    )
    .option(
      "--regions <file>",
      "CSV file with the header slug,name,parent_slug; parents may stand after children",
      filled,
    )
    .addHelpText(
      "after",
      `
Files are in UTF-8. Every mistake is named with its file and line; the header is line 1.

UN/LOCODE is read in UTF-8 or Windows-1252, with or without a header. Its ports (function 1) are taken, except those
that it is about to remove. A new port lies in the region of its country, such as cn, which is made if there is none;
one that is known stays in its region.

Examples:
  ratesapp places import --ports ports.csv --regions regions.csv
  ratesapp places import --ports *CodeListPart*.csv`,
    )
    .action(async (options: { ports: readonly string[]; regions?: string }) => {
      const settings = readSettings();
      const ports = await Promise.all(options.ports.map(readPlacesFile));
      const regions = options.regions === undefined ? undefined : await readPlacesFile(options.regions);
      await withWriteDatabase(settings, async (url) => {
        const pool = openPool({ url, size: 1, applicationName: "ratesapp places import", statementTimeoutMs: 0 });
        try {
          const report = await importPlaces(new Database(pool), { ports, ...(regions && { regions }) });
          console.log(`Ports: ${report.ports}; regions: ${report.regions}; new or changed: ${report.changed}.`);
          if (report.rerolled > 0) console.log(`Regions whose rates were made again: ${report.rerolled}.`);
          if (report.leftOut.length > 0) console.log(`Rows of UN/LOCODE that were left out: ${report.leftOut.length}.`);
          for (const row of firstLines(report.leftOut, "with 2> FILE all of them are in a file.")) console.error(row);
        } finally {
          await pool.end();
        }
      });
    });
}

/** Several times the size of all of UN/LOCODE. */
const MOST_BYTES = 64 * 1024 * 1024;

async function readPlacesFile(path: string): Promise<PlacesFile> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  try {
    for await (const chunk of createReadStream(path)) {
      bytes += (chunk as Buffer).length;
      if (bytes > MOST_BYTES) break;
      chunks.push(chunk);
    }
  } catch (error) {
    throw new Error(`${path} cannot be read: ${systemReason(error)}.`, { cause: error });
  }
  if (bytes > MOST_BYTES) throw new PlacesError([`${path}: larger than 64 MiB`]);
  return { name: path, content: Buffer.concat(chunks) };
}
