import { type NoParams, statement } from "../../database/statement.js";

/**
 * The blocks of a month's table that may hold prices of a batch on some days of the month. The first block of the batch
 * comes from the BRIN index; the last is the end of the table. A batch is audited soon after it is loaded, so few rows
 * of other batches come after it. The plan must read the blocks in order; `boundPart` of the audit makes sure of this.
 */
export const findBlocks = statement<
  { batchId: number; fromDay: string; toDay: string },
  { first: number; end: number }
>(`
  SELECT split_part(trim(first::text, '('), ',', 1)::integer AS first,
         (pg_relation_size(month) / current_setting('block_size')::integer)::integer AS end
  FROM (
    SELECT ctid AS first, tableoid AS month FROM prices
    WHERE batch_id = $batchId AND day >= $fromDay::date AND day < $toDay::date
    LIMIT 1
  ) found`);

/**
 * First and last block of a month's table that hold prices of a batch. A batch is written in one go, so its blocks are
 * few. The BRIN index finds them without reading other blocks, except those that were added after the index was last
 * summarized. Null if the batch has no prices in the month.
 */
export const findOwnBlocks = statement<
  { batchId: number; month: string },
  { first: number; last: number } | { first: null }
>(`
  SELECT split_part(trim(min(ctid)::text, '('), ',', 1)::float8 AS first,
         split_part(trim(max(ctid)::text, '('), ',', 1)::float8 AS last
  FROM prices
  WHERE batch_id = $batchId AND day >= $month::date AND day < ($month::date + interval '1 month')::date`);

/**
 * The planner has no statistics of a month that was filled a moment ago. Without these settings it would read the whole
 * table.
 */
export const boundRollUp = statement(`
  SELECT set_config('enable_seqscan', 'off', true), set_config('enable_bitmapscan', 'on', true),
         set_config('jit', 'off', true), set_config('max_parallel_workers_per_gather', '0', true)`);

/** First days of the months with rows that consumers see now or may see after a publish. */
export const listRolledMonths = statement<NoParams, { month: string }>(`
  SELECT DISTINCT to_char(day, 'YYYY-MM-01') AS month FROM batch_days ORDER BY month`);

/** `month` is the first day of a month, as in all statements here. */
export const deleteRegionRows = statement<{ regionIds: readonly number[]; month: string }>(`
  DELETE FROM daily_rates
  WHERE first_day >= $month::date AND first_day < ($month::date + interval '1 month')::date
    AND (origin_id = ANY ($regionIds::integer[]) OR destination_id = ANY ($regionIds::integer[]))`);

/**
 * The rows of a month between ports that count for these regions, ordered by batch. Months that wait to be deleted are
 * left out: compaction deletes them at the same time, and would miss rows that are written for them now.
 */
export const openMoved = statement<{ regionIds: readonly number[]; month: string }>(`
  DECLARE moved NO SCROLL CURSOR FOR
  SELECT r.origin_id, r.destination_id, r.first_day - $month::date AS first, r.batch_id,
         to_json(r.counts) AS counts, to_json(r.sums) AS sums
  FROM daily_rates r
  JOIN places origin ON origin.id = r.origin_id AND origin.kind = 'port'
  JOIN places destination ON destination.id = r.destination_id AND destination.kind = 'port'
  WHERE r.first_day >= $month::date AND r.first_day < ($month::date + interval '1 month')::date
    AND EXISTS (SELECT FROM place_ports
                WHERE place_id = ANY ($regionIds::integer[]) AND port_id IN (r.origin_id, r.destination_id))
    AND NOT EXISTS (SELECT FROM dead_months d WHERE d.batch_id = r.batch_id AND d.month = $month::date)
  ORDER BY r.batch_id`);
/**
 * The next rows of {@link openMoved}; none at the end. `first` is the first day of the row, counted from the first day
 * of the month.
 */
export const fetchMoved = statement<
  NoParams,
  {
    origin_id: number;
    destination_id: number;
    first: number;
    batch_id: number;
    counts: readonly number[];
    sums: readonly number[];
  }
>("FETCH 2000 FROM moved");
/** Closes the cursor of {@link openMoved}. The next month uses the same cursor name. */
export const closeMoved = statement("CLOSE moved");

/** For each port: its own id, and then the ids of all regions around it. */
export const readAbove = statement<NoParams, { port_id: number; place_ids: number[] }>(`
  SELECT port_id, array_agg(place_id ORDER BY place_id <> port_id) AS place_ids
  FROM place_ports
  GROUP BY port_id`);

/**
 * Which prices to read: those of a batch on some days of one month, optionally only those in some blocks of the table.
 */
export interface PackedPrices {
  readonly batchId: number;
  readonly fromDay: string;
  /** This day is not included, and neither is the end of `blocks`. */
  readonly toDay: string;
  readonly blocks?: readonly [from: number, to: number];
}

/**
 * The prices as one value, with 16 bytes for each: origin, destination, day counted from the first, and price. Null if
 * there are none. As rows, they would take three times as much of the worker's time. The values stand in the text
 * because COPY takes no parameters.
 */
export const packPrices = ({ batchId, fromDay, toDay, blocks }: PackedPrices) => `
  COPY (
    SELECT string_agg(
      int8send((origin_id::bigint << 32) | destination_id)
        || int8send(((day - DATE '${fromDay}')::bigint << 32) | price), '')
    FROM prices
    WHERE batch_id = ${batchId} AND day >= '${fromDay}' AND day < '${toDay}'
      ${blocks ? `AND ctid >= '(${blocks[0]},0)' AND ctid < '(${blocks[1]},0)'` : ""}
  ) TO STDOUT WITH (FORMAT binary)`;
