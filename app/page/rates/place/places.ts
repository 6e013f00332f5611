import { callJson } from "../../api-client.js";

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
  /** Names that people type instead, such as Saigon for Ho Chi Minh City. */
  readonly otherNames: readonly string[];
  /** Name of a port's country. Undefined for a region. */
  readonly country?: string | undefined;
  /** Names of the country that people type instead, such as USA. */
  readonly countryNames: readonly string[];
}

/** A region as `GET /regions` returns it. */
interface RegionNode {
  readonly slug: string;
  readonly name: string;
  readonly ports: readonly { readonly code: string; readonly name: string }[];
  readonly regions: readonly RegionNode[];
}

/** A port as `GET /ports` returns it. APIs of earlier releases do not know its country and other names. */
export interface PortNode {
  readonly code: string;
  readonly name: string;
  readonly country?: { readonly name: string; readonly other_names: readonly string[] } | null;
  readonly other_names?: readonly string[];
}

interface PortPage {
  readonly ports: readonly PortNode[];
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
  return placesOf(regions, ports);
}

/**
 * All places in tree order.
 * @param regions the tree, with code and name of its ports alone
 * @param ports all ports, also those outside of the tree
 */
export function placesOf(regions: readonly RegionNode[], ports: readonly PortNode[]): Place[] {
  const known = new Map(ports.map((port) => [port.code, port]));
  const places = flatten(regions, known);
  const inTree = new Set(places.map(({ code }) => code));
  return [...places, ...ports.filter(({ code }) => !inTree.has(code)).map((port) => portPlace(port, []))];
}

/** The regions of one level and everything in them, in tree order and sorted by name. (The API sorts by code.) */
function flatten(
  regions: readonly RegionNode[],
  known: ReadonlyMap<string, PortNode>,
  around: readonly string[] = [],
): Place[] {
  return [...regions].sort(byName).flatMap((region) => {
    const within = [region.name, ...around];
    const inside: Place[] = [
      ...[...region.ports].sort(byName).map((port) => portPlace(known.get(port.code) ?? port, within)),
      ...flatten(region.regions, known, within),
    ];
    const ports = inside.filter(({ kind }) => kind === "port").length;
    const { slug: code, name } = region;
    return [{ kind: "region", code, name, around, ports, otherNames: [], countryNames: [] }, ...inside];
  });
}

function portPlace({ code, name, country, other_names }: PortNode, around: readonly string[]): Place {
  return {
    kind: "port",
    code,
    name,
    around,
    ports: 1,
    otherNames: other_names ?? [],
    country: country?.name,
    countryNames: country?.other_names ?? [],
  };
}

function byName(a: { readonly name: string }, b: { readonly name: string }): number {
  return a.name.localeCompare(b.name, "en");
}

/** Loads all ports. The tree has only ports that lie in a region, so this list is needed too. */
async function loadPorts(signal: AbortSignal): Promise<PortNode[]> {
  const ports: PortNode[] = [];
  let cursor: string | null = null;
  do {
    const query = new URLSearchParams({ limit: "1000", ...(cursor && { cursor }) });
    const page: PortPage = await callJson<PortPage>(`/ports?${query}`, { signal });
    ports.push(...page.ports);
    cursor = page.next_cursor;
  } while (cursor);
  return ports;
}
