import { execFile } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import type pg from "pg";
import { Database } from "../../../app/database/database.js";
import type { BatchReport } from "../../../app/ingest/ingest-source.js";
import { openSource } from "../../../app/ingest/sources/open-source.js";
import type { SourceObject } from "../../../app/ingest/sources/source.js";
import { importPlaces } from "../../../app/places/import-places.js";
import { ratesOfDays } from "./deliveries.js";

export const HEADER = "orig_code,dest_code,day,price";
export const CODES = ["CNSGH", "CNNGB", "NLRTM", "DEHAM", "USNYC"];

/** Imports five ports, four of them in regions. */
export async function bringPlaces(pool: pg.Pool): Promise<void> {
  await importPlaces(new Database(pool), {
    ports: {
      name: "ports.csv",
      content: Buffer.from(
        "code,name,parent_slug\nCNSGH,Shanghai,china\nCNNGB,Ningbo,china\nNLRTM,Rotterdam,europe\nDEHAM,Hamburg,europe\nUSNYC,New York,\n",
      ),
    },
    regions: { name: "regions.csv", content: Buffer.from("slug,name,parent_slug\nchina,China,\neurope,Europe,\n") },
  });
}

/** A folder for the files of a test; `remove` deletes it. */
export interface Folder {
  readonly path: string;
  write(name: string, content: string | Buffer): Promise<string>;
  /** Makes a pipe with this name. Returns its path. */
  pipe(name: string): Promise<string>;
  remove(): Promise<void>;
}

export async function createFolder(): Promise<Folder> {
  const path = await mkdtemp(join(tmpdir(), "ratesapp-ingest-"));
  return {
    path,
    async write(name, content) {
      await writeFile(join(path, name), content);
      return join(path, name);
    },
    async pipe(name) {
      await promisify(execFile)("mkfifo", [join(path, name)]);
      return join(path, name);
    },
    remove: () => rm(path, { recursive: true, force: true }),
  };
}

/** Makes lines of CSV without a header. The same seed makes the same lines. */
export function someLines(count: number, seed = 1, days = 40): string[] {
  let state = seed;
  const below = (limit: number) => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    return Math.floor((state / 2 ** 32) * limit);
  };
  return Array.from({ length: count }, () => {
    const day = new Date(Date.UTC(2024, 0, 15 + below(days))).toISOString().slice(0, 10);
    return `${CODES[below(5)]},${CODES[below(5)]},${day},${100 + below(9_000)}`;
  });
}

/** The number of lines and the sum of their prices, as the database counts them. */
export function totalsOf(lines: readonly string[]): { rows: number; sum: number } {
  return { rows: lines.length, sum: lines.reduce((sum, line) => sum + Number(line.split(",")[3]), 0) };
}

/**
 * The totals of what consumers can see (`visible`) and of what the database holds (`stored`). Both must agree after a
 * batch is published.
 */
export async function readTotals(
  pool: pg.Pool,
): Promise<{ visible: { rows: number; sum: number }; stored: { rows: number; sum: number }; dead: number }> {
  const { rows } = await pool.query<{ r: number; s: number; sr: number; ss: number; dead: number }>(`
    SELECT (SELECT coalesce(sum(count), 0)::float8 FROM ${ratesOfDays} dr JOIN batch_days USING (batch_id, day)
            JOIN places o ON o.id = origin_id JOIN places d ON d.id = destination_id
            WHERE visible AND o.kind = 'port' AND d.kind = 'port') AS r,
           (SELECT coalesce(sum(sum), 0)::float8 FROM ${ratesOfDays} dr JOIN batch_days USING (batch_id, day)
            JOIN places o ON o.id = origin_id JOIN places d ON d.id = destination_id
            WHERE visible AND o.kind = 'port' AND d.kind = 'port') AS s,
           (SELECT count(*)::float8 FROM prices) AS sr,
           (SELECT coalesce(sum(price), 0)::float8 FROM prices) AS ss,
           (SELECT count(*)::float8 FROM daily_rates d JOIN batches b ON b.id = d.batch_id
            WHERE b.state IN ('failed', 'duplicate')) AS dead`);
  const row = rows[0] as NonNullable<(typeof rows)[0]>;
  return { visible: { rows: row.r, sum: row.s }, stored: { rows: row.sr, sum: row.ss }, dead: row.dead };
}

/** The only object of a source that is not a folder or prefix. */
export async function onlyObject(address: string): Promise<SourceObject> {
  for await (const found of (await openSource(address)).list()) if (!("error" in found)) return found;
  throw new Error(`${address} holds nothing.`);
}

/** The only report of a run over one object. */
export function only(reports: readonly BatchReport[]): BatchReport {
  if (reports.length !== 1) throw new Error(`${reports.length} reports`);
  return reports[0] as BatchReport;
}
