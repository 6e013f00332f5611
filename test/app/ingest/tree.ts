import type pg from "pg";
import type { Database } from "../../../app/database/database.js";
import { importPlaces } from "../../../app/places/import-places.js";

/** A tree of places: `parents[i]` is the index of region i's parent among those before it, or -1. */
export interface TreeShape {
  readonly regionParents: readonly number[];
  /** The region of each port, or -1. */
  readonly portParents: readonly number[];
}

export interface Tree {
  /** Ids of the ports, as in the shape. */
  readonly ports: readonly number[];
  readonly regions: readonly number[];
  /** Of each region, itself and all that it lies in. */
  readonly paths: readonly (readonly number[])[];
  /** A port to itself and all regions above it. */
  readonly above: ReadonlyMap<number, readonly number[]>;
}

/** Writes a tree into an empty database, closure included. */
export async function plant(pool: pg.Pool, shape: TreeShape): Promise<Tree> {
  const regions: number[] = [];
  const pathOfRegion: number[][] = [];
  for (const [index, parent] of shape.regionParents.entries()) {
    const id = await insert(pool, `region_${index}`, "region", regions[parent] ?? null);
    regions.push(id);
    pathOfRegion.push([id, ...(pathOfRegion[parent] ?? [])]);
  }
  const ports: number[] = [];
  const above = new Map<number, readonly number[]>();
  for (const [index, parent] of shape.portParents.entries()) {
    const id = await insert(pool, codeOf(index), "port", regions[parent] ?? null);
    ports.push(id);
    above.set(id, [id, ...(pathOfRegion[parent] ?? [])]);
  }
  for (const [port, places] of above) {
    await pool.query("INSERT INTO place_ports SELECT unnest($1::integer[]), $2", [places, port]);
  }
  return { ports, regions, paths: pathOfRegion, above };
}

function codeOf(port: number): string {
  return `AA${String.fromCharCode(65 + Math.floor(port / 26))}A${String.fromCharCode(65 + (port % 26))}`;
}

/** Moves each port into the region of that number, or out of all. Returns the tree as it is then. */
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

async function insert(pool: pg.Pool, code: string, kind: string, parent: number | null): Promise<number> {
  const { rows } = await pool.query<{ id: number }>(
    "INSERT INTO places (code, kind, name, parent_id) VALUES ($1, $2, $1, $3) RETURNING id",
    [code, kind, parent],
  );
  return rows[0]?.id as number;
}
