/**
 * Held exclusively by an import, shared by audits: the rates of a region are made from the tree, so the tree stands
 * still while they are made. Ends with the transaction.
 */
export const lockTree = "SELECT pg_advisory_xact_lock(hashtext('ratesapp.tree'))";
export const lockTreeShared = "SELECT pg_advisory_xact_lock_shared(hashtext('ratesapp.tree'))";

export const listPlaces = `
  SELECT p.code, p.kind, parent.code AS parent FROM places p LEFT JOIN places parent ON parent.id = p.parent_id`;

/** $1 codes, $2 kinds. */
export const findOtherKind = `
  SELECT p.code, p.kind
  FROM places p JOIN unnest($1::text[], $2::text[]) AS given (code, kind) ON given.code = p.code
  WHERE p.kind <> given.kind
  ORDER BY p.code`;

/** $1 codes, $2 kinds, $3 names. Leaves rows that would not change untouched. */
export const upsertPlaces = `
  INSERT INTO places AS p (code, kind, name)
  SELECT * FROM unnest($1::text[], $2::text[], $3::text[])
  ON CONFLICT (code) DO UPDATE SET name = excluded.name WHERE p.name <> excluded.name
  RETURNING id, xmax = 0 AS added`;

/** $1 codes, $2 slugs of their parents (or null). Returns the places that moved. */
export const setParents = `
  UPDATE places p SET parent_id = parent.id
  FROM unnest($1::text[], $2::text[]) AS given (code, parent_slug)
  LEFT JOIN places parent ON parent.code = given.parent_slug
  WHERE p.code = given.code AND p.parent_id IS DISTINCT FROM parent.id
  RETURNING p.id`;

/** A region that is its own ancestor, with the path that shows it. */
export const findCycle = `
  WITH RECURSIVE above AS (
    SELECT id, parent_id, ARRAY[code] AS path FROM places WHERE kind = 'region'
    UNION ALL
    SELECT a.id, p.parent_id, a.path || p.code
    FROM above a JOIN places p ON p.id = a.parent_id
    WHERE NOT p.code = ANY (a.path)
  )
  SELECT path FROM above WHERE parent_id = id ORDER BY path LIMIT 1`;

/**
 * Brings place_ports in step with the tree. Returns the regions that gained or lost a port that may have rates, so that
 * theirs must be made again. $1 ids of the places that this import added: they cannot have any.
 */
export const renewClosure = `
  WITH RECURSIVE wanted AS (
    SELECT id AS place_id, id AS port_id, parent_id FROM places WHERE kind = 'port'
    UNION ALL
    SELECT p.id, w.port_id, p.parent_id FROM wanted w JOIN places p ON p.id = w.parent_id
  ), added AS (
    INSERT INTO place_ports (place_id, port_id)
    SELECT place_id, port_id FROM wanted
    ON CONFLICT DO NOTHING
    RETURNING place_id, port_id
  ), removed AS (
    DELETE FROM place_ports o
    WHERE NOT EXISTS (SELECT FROM wanted w WHERE w.place_id = o.place_id AND w.port_id = o.port_id)
    RETURNING place_id, port_id
  )
  SELECT DISTINCT place_id
  FROM (SELECT * FROM added UNION ALL SELECT * FROM removed) changed
  WHERE place_id <> port_id AND port_id <> ALL ($1::integer[])
  ORDER BY place_id`;
