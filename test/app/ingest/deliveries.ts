import type pg from "pg";
import { publishBatch } from "../../../app/batches/publish.js";
import { Database } from "../../../app/database/database.js";
import { auditBatch } from "../../../app/ingest/audit/audit.js";
import { Checksum } from "../../../app/rates/roll-up/checksum.js";
import { countFromEpoch } from "../../../app/rates/roll-up/write-rows.js";

/** One price, with the ids of its ports. */
export interface Price {
  readonly origin: number;
  readonly destination: number;
  readonly day: string;
  readonly price: number;
}

export interface Delivery {
  readonly feed?: string;
  readonly mode?: "append" | "replace";
  readonly prices: readonly Price[];
  /** Pieces it was loaded in. */
  readonly pieces?: number;
  /** Whether an equal delivery after it is known for a duplicate; not by default. */
  readonly known?: boolean;
}

let count = 0;

/** A batch as it stands when its last piece is loaded. Returns its id. */
export async function load(pool: pg.Pool, delivery: Delivery): Promise<number> {
  count += 1;
  const months = [...new Set(delivery.prices.map((price) => `${price.day.slice(0, 7)}-01`))];
  for (const month of months) await pool.query("SELECT ensure_month($1)", [month]);
  const { rows } = await pool.query<{ id: number }>(
    `INSERT INTO batches (feed, source, identity, mode, state, planned)
     VALUES ($1, 'test', $2, $3, 'loading', true) RETURNING id`,
    [delivery.feed ?? "a", `test ${count}`, delivery.mode ?? "append"],
  );
  const id = rows[0]?.id as number;
  const pieces = delivery.pieces ?? 1;
  for (let number = 0; number < pieces; number += 1) {
    const prices = delivery.prices.filter((_, index) => index % pieces === number);
    await pool.query(
      `INSERT INTO pieces (batch_id, number, state, from_byte, rows, rejected, lines, price_sum, checksum, months)
       VALUES ($1, $2::integer, 'loaded', $2::integer, $3::bigint, 0, $3::bigint, $4, $5, $6)`,
      [
        id,
        number,
        prices.length,
        prices.reduce((sum, { price }) => sum + price, 0),
        checksumOf(prices),
        [...new Set(prices.map((price) => `${price.day.slice(0, 7)}-01`))],
      ],
    );
    await pool.query(
      `INSERT INTO prices (origin_id, destination_id, day, price, batch_id, piece)
       SELECT o, d, day, price, $5, $6 FROM unnest($1::integer[], $2::integer[], $3::date[], $4::integer[]) AS p (o, d, day, price)`,
      [
        prices.map((price) => price.origin),
        prices.map((price) => price.destination),
        prices.map((price) => price.day),
        prices.map((price) => price.price),
        id,
        number,
      ],
    );
  }
  return id;
}

/** Loads, audits and publishes. Returns the batch's id. */
export async function deliver(pool: pg.Pool, delivery: Delivery): Promise<number> {
  const id = await load(pool, delivery);
  await auditBatch(new Database(pool), id);
  await publishBatch(new Database(pool), id);
  if (!delivery.known) await pool.query("UPDATE batches SET checksum = 'of no other' WHERE id = $1", [id]);
  return id;
}

/** @returns 16 hexadecimal digits, as a worker that loads these prices reports them. */
export function checksumOf(prices: readonly Price[]): string {
  const checksum = new Checksum();
  for (const { origin, destination, day, price } of prices) {
    checksum.add(origin, destination, countFromEpoch(day), price);
  }
  return checksum.toString();
}

/** Lets every publish so far be so many days longer ago. */
export async function age(pool: pg.Pool, days: number): Promise<void> {
  await pool.query("UPDATE batches SET published_at = published_at - make_interval(days => $1)", [days]);
}

/** The rows of daily_rates, day by day. */
export const ratesOfDays = `(
  SELECT origin_id, destination_id, first_day + at::integer - 1 AS day, batch_id, count, sum
  FROM daily_rates, unnest(counts, sums) WITH ORDINALITY AS run (count, sum, at)
  WHERE count > 0)`;

/** All that consumers can see: `origin>destination day` to `count/sum`, in one snapshot. */
export async function seen(pool: pg.Pool): Promise<Map<string, string>> {
  const { rows } = await pool.query<{ key: string; value: string }>(`
    SELECT origin_id || '>' || destination_id || ' ' || r.day AS key, sum(count) || '/' || sum(sum) AS value
    FROM ${ratesOfDays} r JOIN batch_days v ON v.batch_id = r.batch_id AND v.day = r.day
    WHERE v.visible
    GROUP BY origin_id, destination_id, r.day
    ORDER BY 1`);
  return new Map(rows.map((row) => [row.key, row.value]));
}
