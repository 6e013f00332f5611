import { type NoParams, statement } from "../database/statement.js";
import type { Place } from "./place.js";

/**
 * Exclusive lock of the tree of places, which an import takes; audits share it. The rates of a region are made from the
 * tree, so the tree must not change meanwhile. The lock ends with the transaction.
 */
export const lockTree = statement("SELECT pg_advisory_xact_lock(hashtext('ratesapp.tree'))");
/** Like {@link lockTree}, but shared: audits do not wait for each other, only for an import. */
export const lockTreeShared = statement("SELECT pg_advisory_xact_lock_shared(hashtext('ratesapp.tree'))");

/** Removes the time limit of statements: an import may have to compute the rates of many regions again. */
export const allowTime = statement("SELECT set_config('statement_timeout', '0', true)");

/** Every place by its code, with the slug of the region that it lies in. */
export const listPlaces = statement<NoParams, Omit<Place, "name">>(`
  SELECT p.code, p.kind, parent.code AS parent FROM places p LEFT JOIN places parent ON parent.id = p.parent_id`);

/**
 * Places that are ports in the database and regions in the files, or the other way round. A place never changes its
 * kind.
 */
export const findOtherKind = statement<
  { codes: readonly string[]; kinds: readonly string[] },
  { code: string; kind: string }
>(`
  SELECT p.code, p.kind
  FROM places p JOIN unnest($codes::text[], $kinds::text[]) AS given (code, kind) ON given.code = p.code
  WHERE p.kind <> given.kind
  ORDER BY p.code`);

/** Adds and updates places. Rows that would not change are not written. */
export const upsertPlaces = statement<
  { codes: readonly string[]; kinds: readonly string[]; names: readonly string[] },
  { id: number; added: boolean }
>(`
  INSERT INTO places AS p (code, kind, name)
  SELECT * FROM unnest($codes::text[], $kinds::text[], $names::text[])
  ON CONFLICT (code) DO UPDATE SET name = excluded.name WHERE p.name <> excluded.name
  RETURNING id, xmax = 0 AS added`);

/** Sets the parents, which are slugs or null. Returns the ids of the places that moved. */
export const setParents = statement<{ codes: readonly string[]; parents: readonly (string | null)[] }, { id: number }>(`
  UPDATE places p SET parent_id = parent.id
  FROM unnest($codes::text[], $parents::text[]) AS given (code, parent_slug)
  LEFT JOIN places parent ON parent.code = given.parent_slug
  WHERE p.code = given.code AND p.parent_id IS DISTINCT FROM parent.id
  RETURNING p.id`);

/** Finds a region that lies inside itself, with the path from the region back to itself. */
export const findCycle = statement<NoParams, { path: string[] }>(`
  WITH RECURSIVE above AS (
    SELECT id, parent_id, ARRAY[code] AS path FROM places WHERE kind = 'region'
    UNION ALL
    SELECT a.id, p.parent_id, a.path || p.code
    FROM above a JOIN places p ON p.id = a.parent_id
    WHERE NOT p.code = ANY (a.path)
  )
  SELECT path FROM above WHERE parent_id = id ORDER BY path LIMIT 1`);

/**
 * Updates place_ports to the current tree. Returns the regions that gained or lost a port that may have rates; the
 * rates of these regions must be made again. `added` has the ids of the places that this import added: they cannot have
 * rates yet.
 */
export const renewClosure = statement<{ added: readonly number[] }, { place_id: number }>(`
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
  WHERE place_id <> port_id AND port_id <> ALL ($added::integer[])
  ORDER BY place_id`);
