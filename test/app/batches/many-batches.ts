import type pg from "pg";

/**
 * Makes a database as years leave it. So many batches hold one day each; the older seven in ten are compacted:
 * - `feed 0` to `feed 9` deliver in turns; `stopped` was half of all, and delivers no more since the middle;
 * - the 30 batches of `rare` are the oldest, and the 30 behind them failed; the last three are being loaded.
 *
 * The days of a feed and month that can still be retracted are folded into one, but for the last batches of all and for
 * those of `feed 9`, which replaces.
 */
export async function insertHistory(pool: pg.Pool, batches: number): Promise<void> {
  const client = await pool.connect();
  try {
    await client.query(`CREATE TEMP VIEW size AS SELECT ${batches} AS total`);
    for (const statement of HISTORY) await client.query(statement);
    await client.query("DROP VIEW size");
    await client.query("VACUUM ANALYZE");
  } finally {
    client.release();
  }
}

const HISTORY = [
  // They look at each batch by itself, which takes minutes.
  "ALTER TABLE batches DISABLE TRIGGER USER",
  `INSERT INTO batches (id, feed, source, identity, channel, delivery_identity, mode, state, sequence, planned, bytes, checksum,
     created_at, audited_at, published_at, failed_at, compacted_at, reclaimed_at, folded,
     loaded_rows, rejected_rows, loaded_bytes, first_attempts, retries, takeovers)
   OVERRIDING SYSTEM VALUE
   SELECT n, feed, 'prices.csv', n::text, 'file', n::text, CASE WHEN feed = 'feed 9' THEN 'replace' ELSE 'append' END, state,
          CASE WHEN seen THEN n END, true, 1000, n::text,
          at, at, CASE WHEN seen THEN at END, CASE WHEN state = 'failed' THEN at END,
          CASE WHEN state = 'compacted' THEN at END, CASE WHEN state IN ('compacted', 'failed') THEN at END,
          state = 'published' AND n <= total - 100 AND feed <> 'feed 9',
          CASE WHEN state <> 'loading' THEN 100 END, 0, 1000, 1, 0, 0
   FROM size, generate_series(1, total) AS n,
     LATERAL (SELECT CASE WHEN n <= 30 THEN 'rare' WHEN n <= total / 2 AND n % 2 = 0 THEN 'stopped'
                          ELSE 'feed ' || n / 2 % 10 END AS feed,
                     CASE WHEN n > total - 3 THEN 'loading' WHEN n > 30 AND n <= 60 THEN 'failed'
                          WHEN n > total * 7 / 10 THEN 'published' ELSE 'compacted' END AS state,
                     now() - make_interval(secs => 90 * 86400.0 * (total - n) / total) AS at) told,
     LATERAL (SELECT state IN ('published', 'compacted') AS seen) known
   ORDER BY 1`,
  "SELECT setval('batch_sequence', (SELECT max(sequence) FROM batches))",
  "SELECT setval(pg_get_serial_sequence('batches', 'id'), (SELECT max(id) FROM batches))",
  `INSERT INTO pieces (batch_id, number, state, from_byte, to_byte, attempts, rows, rejected, months)
   SELECT id, 0, CASE WHEN state = 'loading' THEN 'waiting' ELSE 'loaded' END, 0, 1000, 1, 100, 0, '{2025-01-01}'
   FROM batches`,
  `INSERT INTO batch_days (batch_id, day, prices, price_sum, visible)
   SELECT id, date '2020-01-01' + id / 50, 100, 1000, true
   FROM batches WHERE state = 'published'`,
  "ANALYZE batches, batch_days",
  `INSERT INTO batches (feed, source, identity, mode, state, sequence, planned, published_at, folded, fold_level)
   SELECT feed, 'fold', format('fold %s', date_trunc('month', day)), 'compaction', 'published', max(sequence), true,
          now(), true, 5
   FROM batches JOIN batch_days ON batch_id = id WHERE folded GROUP BY feed, date_trunc('month', day)`,
  "ANALYZE batches",
  `WITH given AS (
     UPDATE batch_days d SET fold_id = fold.id
     FROM batches b, batches fold
     WHERE d.batch_id = b.id AND b.folded AND b.mode <> 'compaction' AND fold.mode = 'compaction'
       AND fold.feed = b.feed AND fold.identity = format('fold %s', date_trunc('month', d.day))
     RETURNING fold.id, d.day
   )
   INSERT INTO batch_days (batch_id, day, prices, price_sum, visible)
   SELECT id, day, 100 * count(*), 1000 * count(*), true FROM given GROUP BY id, day`,
  `INSERT INTO feed_states SELECT feed, state, count(*) FROM batches WHERE mode <> 'compaction' AND state <> 'loading'
   GROUP BY feed, state`,
  `INSERT INTO feed_totals (feed, loaded_rows, last_published)
   SELECT feed, sum(loaded_rows), max(id) FROM batches WHERE mode <> 'compaction' AND state <> 'loading' GROUP BY feed`,
  "ALTER TABLE batches ENABLE TRIGGER USER",
];
