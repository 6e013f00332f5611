import { type NoParams, statement } from "../../database/statement.js";

/**
 * The blocks of a month's table that may hold prices of a batch on some days of the month: from the first one of the
 * batch, which the BRIN index finds, to the end. A batch is audited as soon as it is loaded, so few rows of others come
 * after it. The plan must read blocks in their order: `boundPart` sees to it.
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
 * The blocks of a month between which all prices of a batch lie: a batch is written in one go, so they are few, and the
 * BRIN index finds them without reading the others, but for those that came since it was last brought in step. Null
 * without any.
 */
export const findOwnBlocks = statement<
  { batchId: number; month: string },
  { first: number; last: number } | { first: null }
>(`
  SELECT split_part(trim(min(ctid)::text, '('), ',', 1)::float8 AS first,
         split_part(trim(max(ctid)::text, '('), ',', 1)::float8 AS last
  FROM prices
  WHERE batch_id = $batchId AND day >= $month::date AND day < ($month::date + interval '1 month')::date`);

/** The planner knows nothing of a month that came in a moment ago, and would read all of it. */
export const boundRollUp = statement(`
  SELECT set_config('enable_seqscan', 'off', true), set_config('enable_bitmapscan', 'on', true),
         set_config('jit', 'off', true), set_config('max_parallel_workers_per_gather', '0', true)`);

/** First days of the months that hold rows which consumers see now, or may see after a publish. */
export const listRolledMonths = statement<NoParams, { month: string }>(`
  SELECT DISTINCT to_char(day, 'YYYY-MM-01') AS month FROM batch_days ORDER BY month`);

/** `month` is its first day, as everywhere here. */
export const deleteRegionRows = statement<{ regionIds: readonly number[]; month: string }>(`
  DELETE FROM daily_rates
  WHERE first_day >= $month::date AND first_day < ($month::date + interval '1 month')::date
    AND (origin_id = ANY ($regionIds::integer[]) OR destination_id = ANY ($regionIds::integer[]))`);

/**
 * The rows between ports, of a month, that count for these regions: batch after batch. Months that wait to be deleted
 * are left out: compaction, which deletes them meanwhile, would miss rows that this writes behind it.
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
/** The next rows of {@link openMoved}; none at its end. `first` counts days from the first of the month. */
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
/** Ends the cursor of {@link openMoved}, whose name is used again for the next month. */
export const closeMoved = statement("CLOSE moved");

/** For each port, itself first and then all regions that it lies in. */
export const readAbove = statement<NoParams, { port_id: number; place_ids: number[] }>(`
  SELECT port_id, array_agg(place_id ORDER BY place_id <> port_id) AS place_ids
  FROM place_ports
  GROUP BY port_id`);

/** Prices of a batch on some days of one month; where blocks are given, those between two of the month's table. */
export interface PackedPrices {
  readonly batchId: number;
  readonly fromDay: string;
  /** Exclusive, as is the end of `blocks`. */
  readonly toDay: string;
  readonly blocks?: readonly [from: number, to: number];
}

/**
 * The prices as one value, 16 bytes each: origin, destination, day counted from the first, and price; null without any.
 * As rows they would take three times as much of the worker's time. COPY takes no parameters.
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
