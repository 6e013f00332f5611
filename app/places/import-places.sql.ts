import { type NoParams, statement } from "../database/statement.js";
import type { Place } from "./place.js";

/**
 * Held exclusively by an import, shared by audits: the rates of a region are made from the tree, so the tree stands
 * still while they are made. Ends with the transaction.
 */
export const lockTree = statement("SELECT pg_advisory_xact_lock(hashtext('ratesapp.tree'))");
/** As {@link lockTree}, shared: audits do not wait for each other, only for an import. */
export const lockTreeShared = statement("SELECT pg_advisory_xact_lock_shared(hashtext('ratesapp.tree'))");

/** The rates of many regions may have to be made again. */
export const allowTime = statement("SELECT set_config('statement_timeout', '0', true)");

/** Every place by its code, with the slug of the region that it lies in. */
export const listPlaces = statement<NoParams, Omit<Place, "name">>(`
  SELECT p.code, p.kind, parent.code AS parent FROM places p LEFT JOIN places parent ON parent.id = p.parent_id`);

/**
 * Places that the database has as another kind than the files: a port never becomes a region, or the other way round.
 */
export const findOtherKind = statement<
  { codes: readonly string[]; kinds: readonly string[] },
  { code: string; kind: string }
>(`
  SELECT p.code, p.kind
  FROM places p JOIN unnest($codes::text[], $kinds::text[]) AS given (code, kind) ON given.code = p.code
  WHERE p.kind <> given.kind
  ORDER BY p.code`);

/** Leaves rows that would not change untouched. */
export const upsertPlaces = statement<
  { codes: readonly string[]; kinds: readonly string[]; names: readonly string[] },
  { id: number; added: boolean }
>(`
  INSERT INTO places AS p (code, kind, name)
  SELECT * FROM unnest($codes::text[], $kinds::text[], $names::text[])
  ON CONFLICT (code) DO UPDATE SET name = excluded.name WHERE p.name <> excluded.name
  RETURNING id, xmax = 0 AS added`);

/** `parents` are slugs or null. Returns the places that moved. */
export const setParents = statement<{ codes: readonly string[]; parents: readonly (string | null)[] }, { id: number }>(`
  UPDATE places p SET parent_id = parent.id
  FROM unnest($codes::text[], $parents::text[]) AS given (code, parent_slug)
  LEFT JOIN places parent ON parent.code = given.parent_slug
  WHERE p.code = given.code AND p.parent_id IS DISTINCT FROM parent.id
  RETURNING p.id`);

/** A region that is its own ancestor, with the path that shows it. */
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
 * Brings place_ports in step with the tree. Returns the regions that gained or lost a port that may have rates, so that
 * theirs must be made again. `added` are ids of the places that this import added: they cannot have any.
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
