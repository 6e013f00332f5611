import type pg from "pg";
import { publishBatch } from "../../../app/batches/publish.js";
import { Database } from "../../../app/database/database.js";
import { auditBatch } from "../../../app/ingest/audit/audit.js";
import { importPlaces } from "../../../app/places/import-places.js";
import { checksumOf } from "../ingest/deliveries.js";

export interface SamplePrice {
  readonly origin: string;
  readonly destination: string;
  readonly day: string;
  readonly price: number;
}

/** Places as the two files give them: `code → region` and `slug → region above`. */
export interface SampleTree {
  readonly ports: Readonly<Record<string, string>>;
  readonly regions: Readonly<Record<string, string>>;
}

/** China with a port in it and one in a region in it; Europe with one two levels down; a port in no region. */
export const SAMPLE_TREE: SampleTree = {
  regions: {
    china: "",
    china_main: "china",
    europe: "",
    north_europe: "europe",
    scandinavia: "north_europe",
    empty: "",
  },
  ports: { CNSGH: "china_main", CNHKG: "china", NLRTM: "north_europe", SEGOT: "scandinavia", USNYC: "" },
};

export async function importTree(pool: pg.Pool, tree: SampleTree): Promise<void> {
  const lines = (header: string, parents: Readonly<Record<string, string>>) =>
    [header, ...Object.entries(parents).map(([code, parent]) => `${code},Name of ${code},${parent}`), ""].join("\n");
  await importPlaces(new Database(pool), {
    ports: { name: "ports.csv", content: lines("code,name,parent_slug", tree.ports) },
    regions: { name: "regions.csv", content: lines("slug,name,parent_slug", tree.regions) },
  });
}

let count = 0;

export interface BatchOptions {
  readonly feed?: string;
  readonly mode?: "append" | "replace";
}

/** Puts prices in as one batch, audits and publishes it. @returns its id */
export async function publishPrices(
  pool: pg.Pool,
  prices: readonly SamplePrice[],
  options: BatchOptions = {},
): Promise<number> {
  const id = await loadPrices(pool, prices, options);
  await auditBatch(new Database(pool), id);
  await publishBatch(new Database(pool), id);
  // Or the same prices again would be a duplicate.
  await pool.query("UPDATE batches SET checksum = 'of no other' WHERE id = $1", [id]);
  return id;
}

/** Puts prices in as one batch whose only piece is loaded. @returns its id */
export async function loadPrices(
  pool: pg.Pool,
  prices: readonly SamplePrice[],
  options: BatchOptions = {},
): Promise<number> {
  count += 1;
  const months = [...new Set(prices.map(({ day }) => `${day.slice(0, 7)}-01`))];
  for (const month of months) await pool.query("SELECT ensure_month($1)", [month]);
  const { rows } = await pool.query<{ id: number }>(
    `INSERT INTO batches (feed, source, identity, mode, state, planned)
     VALUES ($1, 'test', $2, $3, 'loading', true) RETURNING id`,
    [options.feed ?? "test", `test ${count}`, options.mode ?? "append"],
  );
  const id = rows[0]?.id as number;
  const inserted = await pool.query<{ origin: number; destination: number; day: string; price: number }>(
    `INSERT INTO prices (origin_id, destination_id, day, price, batch_id, piece)
     SELECT o.id, d.id, given.day, given.price, $1, 0
     FROM unnest($2::text[], $3::text[], $4::date[], $5::integer[]) AS given (origin, destination, day, price)
     JOIN places o ON o.code = given.origin
     JOIN places d ON d.code = given.destination
     RETURNING origin_id AS origin, destination_id AS destination, to_char(day, 'YYYY-MM-DD') AS day, price`,
    [
      id,
      prices.map(({ origin }) => origin),
      prices.map(({ destination }) => destination),
      prices.map(({ day }) => day),
      prices.map(({ price }) => price),
    ],
  );
  await pool.query(
    `INSERT INTO pieces (batch_id, number, state, from_byte, rows, rejected, lines, price_sum, checksum, months)
     VALUES ($1, 0, 'loaded', 0, $2::bigint, 0, $2::bigint, $3, $4, $5)`,
    [id, prices.length, prices.reduce((sum, { price }) => sum + price, 0), checksumOf(inserted.rows), months],
  );
  return id;
}
