-- One row. `version` grows with every change a consumer can see (publish, retract, places, retention) and never with
-- compaction. `changed_at` tells two histories apart that share a number, as after a restore to an earlier second.
CREATE TABLE dataset (
  singleton  boolean PRIMARY KEY DEFAULT true CHECK (singleton),
  version    bigint NOT NULL,
  changed_at timestamptz NOT NULL
);
INSERT INTO dataset (version, changed_at) VALUES (0, date_trunc('milliseconds', now()));

-- Ports (UN/LOCODE) and regions (slug) share one table: one name space, one id space, one way to ask for either.
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

-- Closure: each place to every port in it, at any depth; a port to itself.
CREATE TABLE place_ports (
  place_id integer NOT NULL REFERENCES places ON DELETE CASCADE,
  port_id  integer NOT NULL REFERENCES places ON DELETE CASCADE,
  PRIMARY KEY (place_id, port_id)
);
CREATE INDEX place_ports_port ON place_ports (port_id, place_id);

-- One delivery of one feed. Its rows are in place before consumers can see them; `state` tells how far it is.
CREATE TABLE batches (
  id           integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  feed         text NOT NULL,
  source       text NOT NULL,
  -- What makes a delivery the same one (name, size, ETag or modification time; an upload's Idempotency-Key), so that
  -- any number of pods plan it once.
  identity     text NOT NULL,
  -- 'compaction': no delivery, but days of older batches of the feed folded together.
  mode         text NOT NULL CHECK (mode IN ('append', 'replace', 'compaction')),
  state        text NOT NULL CHECK (state IN (
                 'loading', 'auditing', 'audited', 'published', 'retracted', 'failed', 'duplicate', 'compacted')),
  -- Order of first publish over all feeds; a batch published again after a retract keeps it, so that an undo restores
  -- exactly what was. A compaction has that of the newest batch it folded.
  sequence     bigint,
  -- All pieces are known (a stream is cut as it is read, an upload as it arrives).
  planned      boolean NOT NULL DEFAULT false,
  bytes        bigint,
  -- Bytes of a stream as it is stored, packed or not; null if it is unknown before its end.
  stored_bytes bigint,
  -- Header of a CSV file in its own order, for the file of rejected lines; null for NDJSON.
  columns      text,
  max_bad_rows integer NOT NULL DEFAULT 0,
  deadline_at  timestamptz,
  checksum     text,
  duplicate_of integer REFERENCES batches,
  failure      text,
  -- Who streams or audits it; a piece has a lease of its own.
  worker       text,
  lease_until  timestamptz,
  created_at   timestamptz NOT NULL DEFAULT now(),
  audited_at   timestamptz,
  published_at timestamptz,
  retracted_at timestamptz,
  failed_at    timestamptz,
  -- Loading the same delivery again would fail the same way.
  failed_for_good boolean NOT NULL DEFAULT false,
  -- When the first of its days was folded: from then on it cannot be retracted.
  compacted_at timestamptz,
  -- What its pieces come to, once they are final: metrics must not sum every piece there ever was.
  loaded_rows    bigint,
  rejected_rows  bigint,
  loaded_bytes   bigint,
  first_attempts bigint,
  retries        bigint,
  takeovers      bigint,
  -- When the last of its rows was deleted (failed, duplicate, compacted, or retracted and too old to come back).
  reclaimed_at timestamptz,
  UNIQUE (feed, identity)
);
CREATE INDEX batches_unfinished ON batches (created_at) WHERE state IN ('loading', 'auditing', 'audited');
CREATE SEQUENCE batch_sequence AS bigint;
CREATE UNIQUE INDEX batches_sequence ON batches (sequence) WHERE mode <> 'compaction';

-- What one worker loads at a time, in one transaction with the rows themselves.
CREATE TABLE pieces (
  batch_id    integer NOT NULL REFERENCES batches ON DELETE CASCADE,
  number      integer NOT NULL,
  state       text NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'loading', 'loaded', 'failed')),
  -- Bytes of the (decompressed) source: lines that begin at or after from_byte and before to_byte.
  from_byte   bigint NOT NULL,
  to_byte     bigint,
  -- Bytes of a stream as it is stored that had been read when the piece was cut.
  stored_to_byte bigint,
  attempts    integer NOT NULL DEFAULT 0,
  -- Of the attempts, those that took the piece from a worker whose lease had ended.
  takeovers   integer NOT NULL DEFAULT 0,
  retry_at    timestamptz,
  worker      text,
  lease_until timestamptz,
  rows        bigint,
  rejected    bigint,
  lines       bigint,
  price_sum   bigint,
  checksum    text,
  -- SHA-256 of the bytes of an uploaded or streamed piece, so that sending them again is known from sending others.
  digest      text,
  months      date[],
  error       text,
  started_at  timestamptz,
  loaded_at   timestamptz,
  PRIMARY KEY (batch_id, number)
);
CREATE INDEX pieces_unfinished ON pieces (batch_id, number) WHERE state IN ('waiting', 'loading');

-- Lines that could not be loaded: those that are left out in full, of others the first ones, all of them counted by
-- reason. `line` counts from the first line of the piece, because a worker in the middle of a file cannot know how many
-- lines came before.
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
-- Bad lines until the transaction of their piece ends, which leaves none here. A row of bad_lines locks the row of the
-- piece, and the worker that loads the piece meanwhile would wait for that lock.
CREATE UNLOGGED TABLE bad_lines_aside (LIKE bad_lines);
CREATE TABLE bad_line_counts (
  batch_id integer NOT NULL,
  piece    integer NOT NULL,
  reason   text NOT NULL,
  count    bigint NOT NULL,
  PRIMARY KEY (batch_id, piece, reason),
  FOREIGN KEY (batch_id, piece) REFERENCES pieces ON DELETE CASCADE
);

-- The pointer that publishing flips: a day of a row of daily_rates is seen if and only if its (batch, day) is visible.
CREATE TABLE batch_days (
  batch_id  integer NOT NULL REFERENCES batches ON DELETE CASCADE,
  day       date NOT NULL,
  prices    bigint NOT NULL,
  price_sum bigint NOT NULL CHECK (price_sum < 9007199254740992),
  visible   boolean NOT NULL DEFAULT false,
  PRIMARY KEY (batch_id, day)
);
CREATE INDEX batch_days_visible ON batch_days (day, batch_id) WHERE visible;

-- What one worker audits at a time, in one transaction: some days of one month. The row's lock is the claim.
CREATE TABLE audit_parts (
  batch_id integer NOT NULL REFERENCES batches ON DELETE CASCADE,
  from_day date NOT NULL,
  to_day   date NOT NULL, -- exclusive
  done     boolean NOT NULL DEFAULT false,
  planned_at timestamptz NOT NULL DEFAULT now(),
  -- Of the prices that were read back, to be compared with what the pieces say.
  checksum text,
  PRIMARY KEY (batch_id, from_day)
);

-- Months of batches that consumers cannot see and users cannot bring back, whose rows of daily_rates are still to be
-- deleted. A batch has days of a month in batch_days, or the month here, never both.
CREATE TABLE dead_months (
  batch_id integer NOT NULL REFERENCES batches ON DELETE CASCADE,
  month    date NOT NULL,
  PRIMARY KEY (batch_id, month)
);

-- The observations. 24 bytes of columns leave no padding, so the piece number costs nothing and lets an audit check
-- each piece. No B-tree: reads never come here, and an index on these rows would cut loading to a seventh
-- (docs/performance.md). BRIN costs nothing to keep, and finds the rows of a batch because they are written together.
-- Not with autosummarize: a batch asks for more ranges than autovacuum's queue holds, and each refusal is three lines
-- in the server's log.
CREATE TABLE prices (
  origin_id      integer NOT NULL,
  destination_id integer NOT NULL,
  day            date NOT NULL,
  price          integer NOT NULL,
  batch_id       integer NOT NULL,
  piece          integer NOT NULL
) PARTITION BY RANGE (day);
CREATE INDEX prices_batch ON prices USING brin (batch_id) WITH (pages_per_range = 32);

-- What consumers read: for each origin, destination, batch and run of days within a month, how many prices there are of
-- each day and what they add up to; either end is a port or any region above it. Sums and counts add up, so a mean is
-- exact. Made from the prices of a whole batch when it is audited, not with each piece: a region's row would otherwise
-- exist once for every piece, and reads would grow with them.
-- A run of days and not a row for each: a tenth of the rows and of the index, which is what making them costs
-- (docs/performance.md). Not unique: a batch of very many lanes may hold one in several rows (app/ingest/roll-up).
CREATE TABLE daily_rates (
  origin_id      integer NOT NULL,
  destination_id integer NOT NULL,
  first_day      date NOT NULL,
  batch_id       integer NOT NULL,
  counts         bigint[] NOT NULL, -- of first_day and the days after it
  sums           bigint[] NOT NULL
) PARTITION BY RANGE (first_day);
CREATE INDEX daily_rates_lane ON daily_rates (origin_id, destination_id, first_day);

-- Makes the partitions of the month that holds `wanted`. ATTACH, unlike CREATE … PARTITION OF, blocks no reader and no
-- COPY. Runs as the owner of the tables, so that a role that may only write rows can still load a new month. Rather
-- fails, to be tried again, than wait for ever behind a lock that waits for the very COPY that needs the month.
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

-- Tells prices_batch which blocks hold which batches now, rather than when autovacuum comes round: a range of blocks
-- that it does not know yet must be read by every session that looks for a batch. Only the owner may, hence the
-- function. Gives up on a month that is being vacuumed.
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
