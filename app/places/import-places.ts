import type { Database } from "../database/database.js";
import type { Session } from "../database/queries.js";
import { growDataset } from "../rates/dataset.sql.js";
import { rollUpMovedRegions } from "../rates/roll-up/roll-up-moved-regions.js";
import {
  allowTime,
  findCycle,
  findOtherKind,
  listPlaces,
  lockTree,
  renewClosure,
  setParents,
  upsertPlaces,
} from "./import-places.sql.js";
import { PlacesError } from "./places-error.js";
import { type PlacesFiles, readPlaces } from "./read-places.js";

/** What an import of places did. The numbers count places. */
export interface PlacesReport {
  readonly ports: number;
  readonly regions: number;
  /** Number of places that are new, or whose name or parent changed. */
  readonly changed: number;
  /** Number of regions whose rates were made again, because ports with rates moved in or out. */
  readonly rerolled: number;
  /** Rows of UN/LOCODE that cannot be read, each with file, line and reason. */
  readonly leftOut: readonly string[];
}

/**
 * Adds and updates ports and regions, all or nothing. Places that the files do not name stay. If a region gained or
 * lost ports, its rates are made again in the same transaction. So readers see either the old tree or the new one, and
 * never a mixture.
 * @throws {PlacesError} that lists every mistake with its file and line.
 */
export function importPlaces(database: Database, files: PlacesFiles): Promise<PlacesReport> {
  return database.transaction(async (session) => {
    await session.run(allowTime);
    await session.run(lockTree);
    return change(session, files);
  });
}

async function change(session: Session, files: PlacesFiles): Promise<PlacesReport> {
  const known = await session.rows(listPlaces);
  const { places, leftOut } = readPlaces(files, new Map(known.map((place) => [place.code, place])));
  const codes = places.map((place) => place.code);
  const kinds = places.map((place) => place.kind);

  const clashes = await session.rows(findOtherKind, { codes, kinds });
  if (clashes.length > 0) {
    throw new PlacesError(clashes.map(({ code, kind }) => `${code} is known as a ${kind}`));
  }
  const upserted = await session.rows(upsertPlaces, { codes, kinds, names: places.map((place) => place.name) });
  const moved = await session.rows(setParents, { codes, parents: places.map((place) => place.parent) });
  const cycle = await session.row(findCycle);
  if (cycle) {
    const { path } = cycle;
    throw new PlacesError([`regions lie in each other: ${[...path, path[0]].join(" in ")}`]);
  }

  const added = upserted.filter((row) => row.added).map((row) => row.id);
  const rerolled = (await session.rows(renewClosure, { added })).map((row) => row.place_id);
  if (rerolled.length > 0) await rollUpMovedRegions(session, rerolled);

  const changed = new Set([...upserted, ...moved].map(({ id }) => id)).size;
  if (changed > 0) await session.run(growDataset);
  return {
    ports: kinds.filter((kind) => kind === "port").length,
    regions: kinds.filter((kind) => kind === "region").length,
    changed,
    rerolled: rerolled.length,
    leftOut,
  };
}
