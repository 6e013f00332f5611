-- One row. `version` grows with every change a consumer can see (publish, retract, places, retention) and never with
-- compaction. `changed_at` tells two histories apart that share a number, as after a restore to an earlier second.
CREATE TABLE dataset (
  only       boolean PRIMARY KEY DEFAULT true CHECK (only),
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

CREATE TABLE batches (
  id           integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  feed         text NOT NULL,
  source       text NOT NULL,
  mode         text NOT NULL CHECK (mode IN ('append', 'replace')),
  state        text NOT NULL CHECK (state IN (
                 'loading', 'auditing', 'audited', 'published', 'retracted', 'failed', 'duplicate', 'compacted')),
  -- Order of first publish within everything; a batch published again after a retract keeps it, so that an undo
  -- restores exactly what was.
  sequence     bigint UNIQUE,
  created_at   timestamptz NOT NULL DEFAULT now(),
  published_at timestamptz
);
CREATE SEQUENCE batch_sequence AS bigint;

-- The pointer that publishing flips: a row of daily_rates is seen if and only if its (batch, day) is visible.
CREATE TABLE batch_days (
  batch_id integer NOT NULL REFERENCES batches ON DELETE CASCADE,
  day      date NOT NULL,
  prices   bigint NOT NULL,
  visible  boolean NOT NULL DEFAULT false,
  PRIMARY KEY (batch_id, day)
);
CREATE INDEX batch_days_visible ON batch_days (day, batch_id) WHERE visible;

-- The observations. 24 bytes of columns leave no padding, so the piece number costs nothing and lets an audit check
-- each piece. No B-tree: reads never come here, and an index on these rows would cut loading to a seventh
-- (docs/performance.md). BRIN costs nothing to keep, and finds the rows of a batch because they are written together.
CREATE TABLE prices (
  origin_id      integer NOT NULL,
  destination_id integer NOT NULL,
  day            date NOT NULL,
  price          integer NOT NULL,
  batch_id       integer NOT NULL,
  piece          integer NOT NULL
) PARTITION BY RANGE (day);
CREATE INDEX prices_batch ON prices USING brin (batch_id) WITH (pages_per_range = 32, autosummarize = on);

-- What consumers read: one row for each origin, destination, day and batch, where either end is a port or any region
-- above it. Sums and counts add up, so a mean is exact. Made from the prices of a whole batch when it is audited, not
-- with each piece: a region's row would otherwise exist once for every piece, and reads would grow with them.
-- The key includes what is read, so that a question is one range of the index and no heap page.
CREATE TABLE daily_rates (
  origin_id      integer NOT NULL,
  destination_id integer NOT NULL,
  day            date NOT NULL,
  batch_id       integer NOT NULL,
  count          bigint NOT NULL,
  sum            bigint NOT NULL,
  PRIMARY KEY (origin_id, destination_id, day, batch_id) INCLUDE (count, sum)
) PARTITION BY RANGE (day);

-- Makes the partitions of the month that holds `wanted`. ATTACH, unlike CREATE … PARTITION OF, blocks no reader and no
-- COPY. Runs as the owner of the tables, so that a role that may only write rows can still load a new month.
CREATE FUNCTION ensure_month(wanted date) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
  first  date := date_trunc('month', wanted);
  parent text;
  month  text;
BEGIN
  FOREACH parent IN ARRAY ARRAY['prices', 'daily_rates'] LOOP
    month := parent || to_char(first, '_YYYY_MM');
    IF to_regclass(month) IS NULL THEN
      PERFORM pg_advisory_xact_lock(hashtext('ensure_month'));
      IF to_regclass(month) IS NULL THEN
        -- Index-only reads need all-visible pages: vacuum soon after inserts rather than at a fifth of the table.
        EXECUTE format('CREATE TABLE %I (LIKE %I INCLUDING ALL) WITH (autovacuum_vacuum_insert_scale_factor = 0.02)',
                       month, parent);
        EXECUTE format('ALTER TABLE %I ATTACH PARTITION %I FOR VALUES FROM (%L) TO (%L)',
                       parent, month, first, (first + interval '1 month')::date);
      END IF;
    END IF;
  END LOOP;
END
$$;
