import type { Place } from "./place.js";
import { PlacesError } from "./places-error.js";
import type { PlacesFile } from "./places-file.js";
import { type LocatedPlace, readTable } from "./places-table.js";
import { isUnLocode, readUnLocode, regionOfCountry } from "./un-locode.js";

/** The files of an import. */
export interface PlacesFiles {
  /** Each with the header `code,name,parent_slug`, or a file of UN/LOCODE as it is published. */
  readonly ports: PlacesFile | readonly PlacesFile[];
  /** With the header `slug,name,parent_slug`. */
  readonly regions?: PlacesFile;
}

/** Places of the database by their codes. */
export type KnownPlaces = ReadonlyMap<string, Pick<Place, "kind" | "parent">>;

/** What the files say, before it is compared with the database. */
export interface PlacesRead {
  readonly places: readonly Place[];
  /** Rows of UN/LOCODE that cannot be read: file, line and why. */
  readonly leftOut: readonly string[];
}

/**
 * Reads files of ports and of regions. Parents may stand after their children, and a parent may also be a region that
 * the database knows. UN/LOCODE says nothing of regions: a port of it that is known stays where it lies, and a new one
 * lies in the region of its country, such as `cn`, which is made unless there is one. What another file says of the
 * same port goes before.
 * @throws {PlacesError} with file and line of each mistake.
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
  // Of a file that cannot be read at all, every port would name a region that is not there.
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
