import { callJson } from "../api-client.js";

/** A port or a region, with its position in the tree. */
export interface Place {
  readonly kind: "port" | "region";
  /** The code that the API uses, such as `CNSGH` or `china_main`. */
  readonly code: string;
  readonly name: string;
  /** Names of the regions around the place, nearest first. */
  readonly around: readonly string[];
  /** Number of ports in it; 1 for a port. */
  readonly ports: number;
}

/** A region as `GET /regions` returns it. */
interface RegionNode {
  readonly slug: string;
  readonly name: string;
  readonly ports: readonly { readonly code: string; readonly name: string }[];
  readonly regions: readonly RegionNode[];
}

interface PortPage {
  readonly ports: readonly { readonly code: string; readonly name: string }[];
  readonly next_cursor: string | null;
}

/**
 * Loads every place, in tree order: a region, its ports, then the regions in it. Ports without a region come last.
 *
 * @throws {ProblemError}
 */
export async function loadPlaces(signal: AbortSignal): Promise<Place[]> {
  const [{ regions }, ports] = await Promise.all([
    callJson<{ regions: RegionNode[] }>("/regions", { signal }),
    loadPorts(signal),
  ]);
  const places = flatten(regions);
  const inTree = new Set(places.map(({ code }) => code));
  for (const { code, name } of ports) {
    if (!inTree.has(code)) places.push({ kind: "port", code, name, around: [], ports: 1 });
  }
  return places;
}

/** The regions of one level and everything in them, in tree order and sorted by name. (The API sorts by code.) */
export function flatten(regions: readonly RegionNode[], around: readonly string[] = []): Place[] {
  return [...regions].sort(byName).flatMap((region) => {
    const within = [region.name, ...around];
    const inside: Place[] = [
      ...[...region.ports]
        .sort(byName)
        .map(({ code, name }): Place => ({ kind: "port", code, name, around: within, ports: 1 })),
      ...flatten(region.regions, within),
    ];
    const ports = inside.filter(({ kind }) => kind === "port").length;
    return [{ kind: "region", code: region.slug, name: region.name, around, ports }, ...inside];
  });
}

function byName(a: { readonly name: string }, b: { readonly name: string }): number {
  return a.name.localeCompare(b.name, "en");
}

/** Loads all ports. The tree has only ports that lie in a region, so this list is needed too. */
async function loadPorts(signal: AbortSignal): Promise<PortPage["ports"]> {
  const ports: { code: string; name: string }[] = [];
  let cursor: string | null = null;
  do {
    const query = new URLSearchParams({ limit: "1000", ...(cursor && { cursor }) });
    const page: PortPage = await callJson<PortPage>(`/ports?${query}`, { signal });
    ports.push(...page.ports);
    cursor = page.next_cursor;
  } while (cursor);
  return ports;
}
