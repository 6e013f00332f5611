import type { Place } from "./place.js";
import { PlacesError } from "./places-error.js";
import type { PlacesFile } from "./places-file.js";
import { type LocatedPlace, readTable } from "./places-table.js";
import { isUnLocode, readUnLocode, regionOfCountry } from "./un-locode.js";

/** The files of an import. */
export interface PlacesFiles {
  /** Each file has the header `code,name,parent_slug`, or is a file of UN/LOCODE as it is published. */
  readonly ports: PlacesFile | readonly PlacesFile[];
  /** Has the header `slug,name,parent_slug`. */
  readonly regions?: PlacesFile;
}

/** The places in the database, by code. */
export type KnownPlaces = ReadonlyMap<string, Pick<Place, "kind" | "parent">>;

/** Contents of the files, before they are compared with the database. */
export interface PlacesRead {
  readonly places: readonly Place[];
  /** Rows of UN/LOCODE that cannot be read, each with file, line and reason. */
  readonly leftOut: readonly string[];
}

/**
 * Reads files of ports and of regions. A parent may stand after its children, or be a region of the database. UN/LOCODE
 * has no regions. If the database knows a port of UN/LOCODE, the port keeps its region. A new port gets the region of
 * its country, such as `cn`, which is added if it does not exist. If another file has the same port, that file counts.
 * @throws {PlacesError} that lists every mistake with file and line.
 */
export function readPlaces({ ports, regions }: PlacesFiles, known: KnownPlaces): PlacesRead {
  const mistakes: string[] = [];
  const leftOut: string[] = [];
  const files = [ports].flat();
  const regionsRead = regions === undefined ? [] : readTable("region", regions, mistakes);
  const located = [
    ...regionsRead,
    ...files.filter((file) => !isUnLocode(file)).flatMap((file) => readTable("port", file, mistakes)),
  ];
  const places = byCode(located, mistakes);
  const isRegion = (slug: string) => (places.get(slug) ?? known.get(slug))?.kind === "region";
  // If no region can be read from the file, every port would name an unknown region. So these mistakes are not
  // reported.
  const unread = regions !== undefined && regionsRead.length === 0;
  for (const { place, at } of unread ? [] : located) {
    if (place.parent === place.code) mistakes.push(`${at}: ${place.code} lies in itself`);
    else if (place.parent !== null && !isRegion(place.parent)) {
      mistakes.push(`${at}: there is no region ${JSON.stringify(place.parent)}`);
    }
  }
  for (const { code, name } of files.filter(isUnLocode).flatMap((file) => readUnLocode(file, mistakes, leftOut))) {
    if (places.has(code)) continue;
    const country = regionOfCountry(code);
    const parent = known.has(code) ? (known.get(code)?.parent ?? null) : country.code;
    if (parent !== null && !isRegion(parent)) places.set(parent, country);
    places.set(code, { kind: "port", code, name, parent });
  }
  if (mistakes.length > 0) throw new PlacesError(mistakes);
  return { places: [...places.values()], leftOut };
}

function byCode(located: readonly LocatedPlace[], mistakes: string[]): Map<string, Place> {
  const first = new Map<string, LocatedPlace>();
  for (const each of located) {
    const { code } = each.place;
    const other = first.get(code);
    if (other === undefined) first.set(code, each);
    else mistakes.push(`${each.at}: ${code} stands already at ${other.at}`);
  }
  return new Map([...first].map(([code, { place }]) => [code, place]));
}
