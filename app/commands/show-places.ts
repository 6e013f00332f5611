import { Database } from "../database/database.js";
import { openPool } from "../database/pool.js";
import { codeColumn, type Place } from "../places/place.js";
import { readDirectory } from "../places/place-directory.sql.js";
import { printable } from "../printable.js";
import { readSettings } from "../settings.js";
import { writeColumns } from "./columns.js";
import { openCommandDatabase } from "./command-database.js";
import { printJson } from "./print-json.js";
import { writeOutput } from "./write-output.js";

/** Prints all places. */
export async function listPlaces({ json }: { readonly json: boolean }): Promise<void> {
  const places = await readPlaces();
  if (json) printJson(places);
  else if (places.length === 0) console.log("No places.");
  else {
    const rows = places.map(({ kind, code, name, parent }) => [kind, code, printable(name), parent ?? ""]);
    console.log(writeColumns([["KIND", "CODE", "NAME", "LIES IN"], ...rows], new Set()));
  }
}

/** Options of `ratesapp places export`, as commander passes them. */
export interface ExportOptions {
  readonly ports: string;
  readonly regions?: string;
  readonly force?: true;
}

/** Writes the files that an import reads. @throws {FileExistsError} @throws {OutputError} */
export async function exportPlaces({ ports, regions, force }: ExportOptions): Promise<void> {
  const places = await readPlaces();
  for (const [kind, path] of [
    ["port", ports],
    ["region", regions],
  ] as const) {
    if (path === undefined) continue;
    const csv = writeCsv(
      kind,
      places.filter((place) => place.kind === kind),
    );
    await writeOutput(path, once(csv), { force: force === true });
  }
}

async function readPlaces(): Promise<readonly Place[]> {
  const settings = readSettings();
  const { readUrl, close } = await openCommandDatabase(settings);
  const { statementTimeoutMs } = settings;
  const pool = openPool({ url: readUrl, size: 1, applicationName: "ratesapp places", statementTimeoutMs });
  try {
    return (await new Database(pool).row(readDirectory))?.places ?? [];
  } finally {
    await pool.end();
    await close();
  }
}

function writeCsv(kind: Place["kind"], places: readonly Place[]): string {
  const header = [codeColumn(kind), "name", "parent_slug"];
  const rows = places.map(({ code, name, parent }) => [code, quoted(name), parent ?? ""]);
  return [header, ...rows].map((cells) => `${cells.join(",")}\n`).join("");
}

/** A name as a field of CSV. It holds no line break: an import refuses such a name. */
function quoted(name: string): string {
  return /[",]/.test(name) ? `"${name.replaceAll('"', '""')}"` : name;
}

async function* once(text: string): AsyncIterable<Buffer> {
  yield Buffer.from(text);
}
