import type pg from "pg";
import { Database } from "../../../app/database/database.js";
import { countDays } from "../../../app/rates/calendar.js";
import { DayHistograms } from "../../../app/rates/histogram.js";
import * as kit from "../../kit/batches.js";

/** One price, with the ids of its ports. */
export interface Price {
  readonly origin: number;
  readonly destination: number;
  readonly day: string;
  readonly price: number;
}

export type Delivery = Omit<kit.Delivery, "prices"> & { readonly prices: readonly Price[] };

/** Makes a batch whose last piece has just been loaded. Returns its id. */
export async function load(pool: pg.Pool, delivery: Delivery): Promise<number> {
  return kit.loadBatch(new Database(pool), await withCodes(pool, delivery));
}

/** Loads, audits and publishes a batch. Returns its id. */
export async function deliver(pool: pg.Pool, delivery: Delivery): Promise<number> {
  return kit.deliver(new Database(pool), await withCodes(pool, delivery));
}

async function withCodes(pool: pg.Pool, delivery: Delivery): Promise<kit.Delivery> {
  const { rows } = await pool.query<{ id: number; code: string }>("SELECT id, code FROM places");
  const codes = new Map(rows.map(({ id, code }) => [id, code]));
  const codeOf = (id: number) => codes.get(id) as string;
  return {
    feed: "a",
    ...delivery,
    prices: delivery.prices.map((price) => ({
      ...price,
      origin: codeOf(price.origin),
      destination: codeOf(price.destination),
    })),
  };
}

/** Moves every publish so far into the past, by this many days. */
export async function age(pool: pg.Pool, days: number): Promise<void> {
  await pool.query("UPDATE batches SET published_at = published_at - make_interval(days => $1)", [days]);
}

/** The rows of daily_rates, day by day. */
export const ratesOfDays = `(
  SELECT origin_id, destination_id, first_day + at::integer - 1 AS day, batch_id, count, sum
  FROM daily_rates, unnest(counts, sums) WITH ORDINALITY AS run (count, sum, at)
  WHERE count <> 0)`;

/** Everything that consumers can see: `origin>destination day` to `count/sum`, in one snapshot. */
export async function seen(pool: pg.Pool): Promise<Map<string, string>> {
  const { rows } = await pool.query<{ key: string; value: string }>(`
    SELECT origin_id || '>' || destination_id || ' ' || r.day AS key, sum(count) || '/' || sum(sum) AS value
    FROM ${ratesOfDays} r JOIN batch_days v ON v.batch_id = r.batch_id AND v.day = r.day
    WHERE v.visible
    GROUP BY origin_id, destination_id, r.day
    HAVING sum(count) <> 0
    ORDER BY 1`);
  return new Map(rows.map((row) => [row.key, row.value]));
}

/**
 * Low, median and high between ports, where consumers can see prices: `origin>destination day` to `low/median/high`.
 * @param counts what {@link seen} returned.
 */
export async function seenSpreads(pool: pg.Pool, counts: ReadonlyMap<string, string>): Promise<Map<string, string>> {
  const { rows } = await pool.query<{ lane: string; month: string; visible: number; histograms: Buffer }>(`
    SELECT origin_id || '>' || destination_id AS lane, to_char(first_day, 'YYYY-MM-01') AS month, histograms,
           (SELECT bit_or(1 << (extract(day FROM b.day)::integer - 1)) FROM batch_days b
            WHERE b.batch_id = r.batch_id AND b.visible
              AND b.day >= r.first_day AND b.day < r.first_day + cardinality(r.counts)) AS visible
    FROM daily_rates r
    WHERE origin_id IN (SELECT id FROM places WHERE kind = 'port')
      AND destination_id IN (SELECT id FROM places WHERE kind = 'port')`);
  const lanes = new Map<string, DayHistograms>();
  const dayOf = (day: string) => countDays(FIRST_DAY, day) - 1;
  for (const { lane, month, visible, histograms } of rows) {
    const held = lanes.get(lane) ?? new DayHistograms(100);
    lanes.set(lane, held);
    held.add(histograms, dayOf(month), visible);
  }
  const spreads = new Map<string, string>();
  for (const [key, value] of counts) {
    const [lane, day] = key.split(" ") as [string, string];
    const held = lanes.get(lane);
    if (held === undefined) continue;
    const { low, median, high } = held.spread(dayOf(day), dayOf(day) + 1, Number(value.split("/")[0])) ?? {};
    spreads.set(key, `${low}/${median}/${high}`);
  }
  return spreads;
}

/** No delivery of these tests is earlier. */
const FIRST_DAY = "2024-01-01";

/**
 * Compares, in one snapshot, what consumers see with what the published batches hold. Returns the lanes and days that
 * differ, with both values. Batches that compaction has folded are left out.
 */
export async function differences(pool: pg.Pool): Promise<object[]> {
  const { rows } = await pool.query(`
    WITH seen AS (
      SELECT origin_id, destination_id, r.day, sum(count) AS count, sum(sum) AS sum
      FROM ${ratesOfDays} r JOIN batch_days v ON v.batch_id = r.batch_id AND v.day = r.day
      WHERE v.visible GROUP BY 1, 2, 3 HAVING sum(count) <> 0
    ), hides AS (
      SELECT DISTINCT b.feed, b.sequence, p.day FROM prices p JOIN batches b ON b.id = p.batch_id
      WHERE b.state = 'published' AND b.mode = 'replace'
    ), wanted AS (
      SELECT o.place_id AS origin_id, d.place_id AS destination_id, p.day, count(*) AS count, sum(price) AS sum
      FROM prices p
      JOIN batches b ON b.id = p.batch_id
      JOIN place_ports o ON o.port_id = p.origin_id
      JOIN place_ports d ON d.port_id = p.destination_id
      WHERE b.state = 'published'
        AND NOT EXISTS (SELECT FROM hides h WHERE h.feed = b.feed AND h.day = p.day AND h.sequence > b.sequence)
      GROUP BY 1, 2, 3
    )
    SELECT * FROM seen FULL JOIN wanted USING (origin_id, destination_id, day)
    WHERE (seen.count, seen.sum) IS DISTINCT FROM (wanted.count, wanted.sum)`);
  return rows;
}
