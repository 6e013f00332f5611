import type pg from "pg";
import { inTransaction } from "../database/transaction.js";
import { growDataset } from "../rates/dataset.sql.js";
import { rollUpRegions } from "../rates/roll-up/roll-up-regions.js";
import {
  findCycle,
  findOtherKind,
  listPlaces,
  lockTree,
  renewClosure,
  setParents,
  upsertPlaces,
} from "./import-places.sql.js";
import type { Place } from "./place.js";
import { PlacesError } from "./places-error.js";
import { type PlacesFiles, readPlaces } from "./read-places.js";

export interface PlacesReport {
  readonly ports: number;
  readonly regions: number;
  /** Places that were added or whose name or parent changed. */
  readonly changed: number;
  /** Regions whose rates were made again, because ports with rates moved. */
  readonly rerolled: number;
  /** Rows of UN/LOCODE that cannot be read: file, line and why. */
  readonly leftOut: readonly string[];
}

/**
 * Adds and updates ports and regions, all or nothing; places that the files do not name stay. The rates of a region
 * that gained or lost ports are made again in the same transaction, so readers go from the old tree to the new one at
 * once.
 * @throws {PlacesError} naming every mistake with its file and line.
 */
export function importPlaces(pool: pg.Pool, files: PlacesFiles): Promise<PlacesReport> {
  return inTransaction(pool, async (client) => {
    await client.query("SET LOCAL statement_timeout = 0");
    await client.query(lockTree);
    return change(client, files);
  });
}

async function change(client: pg.ClientBase, files: PlacesFiles): Promise<PlacesReport> {
  const known = await client.query<Omit<Place, "name">>(listPlaces);
  const { places, leftOut } = readPlaces(files, new Map(known.rows.map((place) => [place.code, place])));
  const codes = places.map((place) => place.code);
  const kinds = places.map((place) => place.kind);

  const clashes = await client.query<{ code: string; kind: string }>(findOtherKind, [codes, kinds]);
  if (clashes.rows.length > 0) {
    throw new PlacesError(clashes.rows.map(({ code, kind }) => `${code} is known as a ${kind}`));
  }
  const upserted = await client.query<{ id: number; added: boolean }>(upsertPlaces, [
    codes,
    kinds,
    places.map((place) => place.name),
  ]);
  const moved = await client.query<{ id: number }>(setParents, [codes, places.map((place) => place.parent)]);
  const cycle = await client.query<{ path: string[] }>(findCycle);
  if (cycle.rows[0]) {
    const path = cycle.rows[0].path;
    throw new PlacesError([`regions lie in each other: ${[...path, path[0]].join(" in ")}`]);
  }

  const added = upserted.rows.filter((row) => row.added).map((row) => row.id);
  const renewed = await client.query<{ place_id: number }>(renewClosure, [added]);
  const rerolled = renewed.rows.map((row) => row.place_id);
  if (rerolled.length > 0) await rollUpRegions(client, rerolled);

  const changed = new Set([...upserted.rows, ...moved.rows].map(({ id }) => id)).size;
  if (changed > 0) await client.query(growDataset.text);
  return {
    ports: kinds.filter((kind) => kind === "port").length,
    regions: kinds.filter((kind) => kind === "region").length,
    changed,
    rerolled: rerolled.length,
    leftOut,
  };
}
