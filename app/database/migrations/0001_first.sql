-- Has one row. `version` grows with every change that a consumer can see (publish, retract, places, retention), and
-- never with compaction. `changed_at` tells two histories apart that have the same version, as after a restore to an
-- earlier second.
CREATE TABLE dataset (
  singleton  boolean PRIMARY KEY DEFAULT true CHECK (singleton),
  version    bigint NOT NULL,
  changed_at timestamptz NOT NULL
);
INSERT INTO dataset (version, changed_at) VALUES (0, date_trunc('milliseconds', now()));

-- Ports (UN/LOCODE) and regions (slug) share one table, so that both have unique codes and ids, and are asked for in
-- the same way.
CREATE TABLE places (
  id        integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  code      text NOT NULL UNIQUE,
  kind      text NOT NULL CHECK (kind IN ('port', 'region')),
  name      text NOT NULL,
  parent_id integer REFERENCES places DEFERRABLE INITIALLY DEFERRED,
  CHECK (parent_id <> id),
  CHECK (kind = 'port' OR code = lower(code)),
  CHECK (kind = 'region' OR code ~ '^[A-Z]{2}[A-Z2-9]{3}$')
);
CREATE INDEX places_parent ON places (parent_id);

-- For each place, every port in it at any depth. A port has itself.
CREATE TABLE place_ports (
  place_id integer NOT NULL REFERENCES places ON DELETE CASCADE,
  port_id  integer NOT NULL REFERENCES places ON DELETE CASCADE,
  PRIMARY KEY (place_id, port_id)
);
CREATE INDEX place_ports_port ON place_ports (port_id, place_id);

-- One delivery of a feed. Its rows are written before consumers can see them. `state` is its progress.
CREATE TABLE batches (
  id           integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  feed         text NOT NULL,
  source       text NOT NULL,
  -- Identifies the delivery (name, size, ETag or modification time; an upload's Idempotency-Key), so that any number of
  -- pods plan it only once.
  identity     text NOT NULL,
  -- 'compaction': not a delivery, but days of older batches of the feed, folded together.
  mode         text NOT NULL CHECK (mode IN ('append', 'replace', 'compaction')),
  state        text NOT NULL CHECK (state IN (
                 'loading', 'auditing', 'audited', 'published', 'retracted', 'failed', 'duplicate', 'compacted')),
  -- The order of first publishes over all feeds. A batch keeps it when it is published again after a retract, so that
  -- this restores exactly the earlier state. A compaction has the sequence of the newest batch in it.
  sequence     bigint,
  -- True when all pieces are known. A stream is cut while it is read, an upload while it arrives.
  planned      boolean NOT NULL DEFAULT false,
  bytes        bigint,
  -- Size of a stream as it is stored, compressed or not; null if it is unknown before the end.
  stored_bytes bigint,
  -- The header of a CSV file with its own order of columns, for the file of rejected lines; null for NDJSON.
  columns      text,
  max_bad_rows integer NOT NULL DEFAULT 0,
  deadline_at  timestamptz,
  checksum     text,
  duplicate_of integer REFERENCES batches,
  failure      text,
  -- The worker that streams or audits the batch. A piece has a lease of its own.
  worker       text,
  lease_until  timestamptz,
  created_at   timestamptz NOT NULL DEFAULT now(),
  audited_at   timestamptz,
  published_at timestamptz,
  retracted_at timestamptz,
  failed_at    timestamptz,
  -- True if loading the same delivery again would fail in the same way.
  failed_for_good boolean NOT NULL DEFAULT false,
  -- When the first day of the batch was folded. From then on, it cannot be retracted.
  compacted_at timestamptz,
  -- Sums over its pieces, written when the pieces are final, so that metrics need not sum all pieces of all time.
  loaded_rows    bigint,
  rejected_rows  bigint,
  loaded_bytes   bigint,
  first_attempts bigint,
  retries        bigint,
  takeovers      bigint,
  -- When its last row was deleted. Rows are deleted of batches that are failed, duplicate, compacted, or retracted and
  -- too old to be published again.
  reclaimed_at timestamptz,
  UNIQUE (feed, identity)
);
CREATE INDEX batches_unfinished ON batches (created_at) WHERE state IN ('loading', 'auditing', 'audited');
CREATE SEQUENCE batch_sequence AS bigint;
CREATE UNIQUE INDEX batches_sequence ON batches (sequence) WHERE mode <> 'compaction';

-- The part of a batch that one worker loads at a time. Its state and its rows are written in one transaction.
CREATE TABLE pieces (
  batch_id    integer NOT NULL REFERENCES batches ON DELETE CASCADE,
  number      integer NOT NULL,
  state       text NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'loading', 'loaded', 'failed')),
  -- Bytes of the decompressed source: the piece has the lines that begin at or after from_byte and before to_byte.
  from_byte   bigint NOT NULL,
  to_byte     bigint,
  -- For a stream: how many bytes, as stored, had been read when the piece was cut.
  stored_to_byte bigint,
  attempts    integer NOT NULL DEFAULT 0,
  -- How many of the attempts took the piece from a worker whose lease had ended.
  takeovers   integer NOT NULL DEFAULT 0,
  retry_at    timestamptz,
  worker      text,
  lease_until timestamptz,
  rows        bigint,
  rejected    bigint,
  lines       bigint,
  price_sum   bigint,
  checksum    text,
  -- SHA-256 of the bytes of an uploaded or streamed piece. It tells whether the same or other bytes are sent again.
  digest      text,
  months      date[],
  error       text,
  started_at  timestamptz,
  loaded_at   timestamptz,
  PRIMARY KEY (batch_id, number)
);
CREATE INDEX pieces_unfinished ON pieces (batch_id, number) WHERE state IN ('waiting', 'loading');

-- Lines that could not be loaded. Lines that were left out are complete; of the others only the first ones are kept,
-- and all are counted by reason. `line` counts from the first line of the piece, because a worker in the middle of a
-- file cannot know how many lines came before.
CREATE TABLE bad_lines (
  batch_id integer NOT NULL,
  piece    integer NOT NULL,
  line     bigint NOT NULL,
  field    text,
  reason   text NOT NULL,
  content  bytea,
  PRIMARY KEY (batch_id, piece, line),
  FOREIGN KEY (batch_id, piece) REFERENCES pieces ON DELETE CASCADE
);
-- Holds bad lines until the transaction of their piece ends; then it is empty again. A row of bad_lines locks the row
-- of its piece, and the worker that loads the piece would wait for this lock.
CREATE UNLOGGED TABLE bad_lines_aside (LIKE bad_lines);
CREATE TABLE bad_line_counts (
  batch_id integer NOT NULL,
  piece    integer NOT NULL,
  reason   text NOT NULL,
  count    bigint NOT NULL,
  PRIMARY KEY (batch_id, piece, reason),
  FOREIGN KEY (batch_id, piece) REFERENCES pieces ON DELETE CASCADE
);

-- Visibility, which publishing sets: consumers see a day of a row of daily_rates only if its (batch, day) is visible.
CREATE TABLE batch_days (
  batch_id  integer NOT NULL REFERENCES batches ON DELETE CASCADE,
  day       date NOT NULL,
  prices    bigint NOT NULL,
  price_sum bigint NOT NULL CHECK (price_sum < 9007199254740992),
  visible   boolean NOT NULL DEFAULT false,
  PRIMARY KEY (batch_id, day)
);
CREATE INDEX batch_days_visible ON batch_days (day, batch_id) WHERE visible;

-- The part of a batch that one worker audits at a time, in one transaction: some days of one month. The lock of the row
-- is the claim.
CREATE TABLE audit_parts (
  batch_id integer NOT NULL REFERENCES batches ON DELETE CASCADE,
  from_day date NOT NULL,
  to_day   date NOT NULL, -- exclusive
  done     boolean NOT NULL DEFAULT false,
  planned_at timestamptz NOT NULL DEFAULT now(),
  -- Checksum of the prices that were read back, to be compared with that of the pieces.
  checksum text,
  PRIMARY KEY (batch_id, from_day)
);

-- Months of batches that consumers cannot see and users cannot bring back, and whose rows of daily_rates must still be
-- deleted. For each month, a batch has either days in batch_days or a row here, and never both.
CREATE TABLE dead_months (
  batch_id integer NOT NULL REFERENCES batches ON DELETE CASCADE,
  month    date NOT NULL,
  PRIMARY KEY (batch_id, month)
);

-- The observations. The columns take 24 bytes without padding, so the piece number costs nothing and lets an audit
-- check each piece. There is no B-tree: questions never read this table, and an index would make loading seven times
-- slower (docs/performance.md). A BRIN index costs almost nothing, and finds the rows of a batch because they are
-- written together. autosummarize is off: a batch requests more ranges than the queue of autovacuum holds, and each
-- refusal writes three lines into the server's log.
CREATE TABLE prices (
  origin_id      integer NOT NULL,
  destination_id integer NOT NULL,
  day            date NOT NULL,
  price          integer NOT NULL,
  batch_id       integer NOT NULL,
  piece          integer NOT NULL
) PARTITION BY RANGE (day);
CREATE INDEX prices_batch ON prices USING brin (batch_id) WITH (pages_per_range = 32);

-- What questions read: for each origin, destination, batch and run of days within a month, the number of prices of each
-- day and their sum. Either end is a port or a region around it. Counts and sums can be added, so a mean is exact. The
-- rows are made from the prices of a whole batch at its audit, and not with each piece: otherwise a region would have a
-- row for every piece, and reads would grow with the pieces. A row has a run of days and not a single day, so there are
-- a tenth of the rows and index entries, and making these takes most of the time (docs/performance.md). Rows are not
-- unique: a batch of very many lanes may have several rows for one lane (app/rates/roll-up).
CREATE TABLE daily_rates (
  origin_id      integer NOT NULL,
  destination_id integer NOT NULL,
  first_day      date NOT NULL,
  batch_id       integer NOT NULL,
  counts         bigint[] NOT NULL, -- of first_day and the days after it
  sums           bigint[] NOT NULL
) PARTITION BY RANGE (first_day);
CREATE INDEX daily_rates_lane ON daily_rates (origin_id, destination_id, first_day);

-- Makes the partitions of the month that contains `wanted`. ATTACH, unlike CREATE … PARTITION OF, blocks no reader and
-- no COPY. The function runs as the owner of the tables, so that a role that may only write rows can still load a new
-- month. It fails after a while, to be tried again: it could otherwise wait for ever behind a lock that itself waits
-- for the COPY that needs the month.
CREATE FUNCTION ensure_month(wanted date) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp SET lock_timeout = '5s' AS $$
DECLARE
  first  date := date_trunc('month', wanted);
  parent text;
  month  text;
BEGIN
  FOREACH parent IN ARRAY ARRAY['prices', 'daily_rates'] LOOP
    month := parent || to_char(first, '_YYYY_MM');
    IF to_regclass(month) IS NULL THEN
      -- What ATTACH takes anyway. Not an advisory lock: only a lock on a table makes this session look again for the
      -- month that another one has just made.
      EXECUTE format('LOCK TABLE %I IN SHARE UPDATE EXCLUSIVE MODE', parent);
      IF to_regclass(month) IS NULL THEN
        EXECUTE format('CREATE TABLE %I (LIKE %I INCLUDING ALL)', month, parent);
        -- Statistics of the batches so far say that a new one has no rows, and plans for none are slow for millions.
        EXECUTE format('ALTER TABLE %I ALTER COLUMN batch_id SET STATISTICS 0', month);
        EXECUTE format('ALTER TABLE %I ATTACH PARTITION %I FOR VALUES FROM (%L) TO (%L)',
                       parent, month, first, (first + interval '1 month')::date);
      END IF;
    END IF;
  END LOOP;
END
$$;

-- Updates the summary of the index prices_batch, and does not wait until autovacuum does so: every session that looks
-- for a batch must read the block ranges that the index does not know yet. Only the owner may do this, so it is a
-- function. It gives up if the month is being vacuumed.
CREATE FUNCTION summarize_month(wanted date) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp SET lock_timeout = '200ms' AS $$
BEGIN
  IF pg_is_in_recovery() THEN
    -- BRIN would say it with a code of its own, by which a worker does not know a failover that it has to wait for.
    RAISE EXCEPTION 'cannot summarize on a standby' USING ERRCODE = 'read_only_sql_transaction';
  END IF;
  PERFORM brin_summarize_new_values(indexrelid)
  FROM pg_index JOIN pg_inherits ON inhrelid = indexrelid
  WHERE indrelid = to_regclass('prices' || to_char(wanted, '_YYYY_MM')) AND inhparent = 'prices_batch'::regclass;
EXCEPTION WHEN lock_not_available THEN
  NULL;
END
$$;
