import type pg from "pg";
import { Database } from "../../../app/database/database.js";
import { importPlaces } from "../../../app/places/import-places.js";
import { bringPlaces } from "../../kit/places.js";

/** A tree of places: `parents[i]` is the index of region i's parent among those before it, or -1. */
export interface TreeShape {
  readonly regionParents: readonly number[];
  /** The index of the region of each port, or -1. */
  readonly portParents: readonly number[];
}

export interface Tree {
  /** Ids of the ports, in the order of the shape. */
  readonly ports: readonly number[];
  readonly regions: readonly number[];
  /** For each region: itself and all regions above it. */
  readonly paths: readonly (readonly number[])[];
  /** For each port: itself and all regions above it. */
  readonly above: ReadonlyMap<number, readonly number[]>;
}

/** Imports a tree into a database that has no places. */
export async function plant(pool: pg.Pool, shape: TreeShape): Promise<Tree> {
  const regionOf = (parent: number) => (parent < 0 ? "" : `region_${parent}`);
  const codes = shape.portParents.map((_, index) => codeOf(index));
  await bringPlaces(new Database(pool), {
    regions: Object.fromEntries(shape.regionParents.map((parent, index) => [regionOf(index), regionOf(parent)])),
    ports: Object.fromEntries(shape.portParents.map((parent, index) => [codes[index] as string, regionOf(parent)])),
  });
  const { rows } = await pool.query<{ id: number; code: string }>("SELECT id, code FROM places");
  const ids = new Map(rows.map(({ id, code }) => [code, id]));
  const idOf = (code: string) => ids.get(code) as number;
  const regions = shape.regionParents.map((_, index) => idOf(regionOf(index)));
  const pathOf = (region: number): number[] =>
    region < 0 ? [] : [regions[region] as number, ...pathOf(shape.regionParents[region] as number)];
  const ports = codes.map(idOf);
  const above = new Map(
    ports.map((port, index) => [port, [port, ...pathOf(shape.portParents[index] as number)]] as const),
  );
  return { ports, regions, paths: regions.map((_, index) => pathOf(index)), above };
}

function codeOf(port: number): string {
  return `AA${String.fromCharCode(65 + Math.floor(port / 26))}A${String.fromCharCode(65 + (port % 26))}`;
}

/** Moves each port into the region of this number, or out of all regions. Returns the new tree. */
export async function move(database: Database, tree: Tree, regions: readonly number[]): Promise<Tree> {
  const target = (port: number) => (regions[port] as number) % (tree.regions.length + 1);
  const lines = tree.ports.map((_, port) => {
    const region = target(port);
    return `${codeOf(port)},${codeOf(port)},${region < tree.regions.length ? `region_${region}` : ""}`;
  });
  await importPlaces(database, {
    ports: { name: "ports.csv", content: ["code,name,parent_slug", ...lines].join("\n") },
  });
  const above = new Map(tree.ports.map((id, port) => [id, [id, ...(tree.paths[target(port)] ?? [])]] as const));
  return { ...tree, above };
}
