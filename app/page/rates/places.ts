import { callJson } from "../api.js";

/** A port or a region, with where it stands in the tree. */
export interface Place {
  readonly kind: "port" | "region";
  /** What the API knows it by: `CNSGH`, `china_main`. */
  readonly code: string;
  readonly name: string;
  /** Names of the regions around it, the nearest first. */
  readonly around: readonly string[];
  /** Number of ports in it; 1 for a port. */
  readonly ports: number;
}

/** A region as `GET /regions` nests it. */
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
 * Every place, in tree order: a region, its ports, then the regions in it; ports of no region last.
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

/** Regions of one level and everything in them, in tree order; the API orders by code, people look for names. */
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

/** The tree holds ports of regions only, so the list is read as well. */
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
