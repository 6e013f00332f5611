import { parse } from "csv-parse/sync";

/** A port or a region as a places file gives it; `parent` is the slug of the region it lies in. */
export interface Place {
  readonly kind: "port" | "region";
  readonly code: string;
  readonly name: string;
  readonly parent: string | null;
}

/** Thrown with every mistake of the places files at once. */
export class PlacesError extends Error {
  readonly mistakes: readonly string[];

  constructor(mistakes: readonly string[]) {
    super(`The places were not imported:\n${mistakes.map((mistake) => `  ${mistake}`).join("\n")}`);
    this.name = "PlacesError";
    this.mistakes = mistakes;
  }
}

/** The bytes of one places file and the name that messages call it by. */
export interface PlacesFile {
  readonly name: string;
  readonly content: Buffer | string;
}

const KEY = { port: "code", region: "slug" } as const;
const PATTERN = { port: /^[A-Z]{2}[A-Z2-9]{3}$/, region: /^[a-z0-9]+(?:[_-][a-z0-9]+)*$/ } as const;
const EXPECTED = {
  port: "five letters of UN/LOCODE such as CNSGH",
  region: "lower-case letters and digits joined by _ or -, such as china_main",
} as const;

/**
 * Reads `code,name,parent_slug` (ports) and `slug,name,parent_slug` (regions). Columns may stand in any order, parents
 * after their children, and a parent may also be a region that `known` (the slugs in the database) already has.
 * @throws {PlacesError} with file and line (the header is line 1) of each mistake.
 */
export function readPlaces(files: { ports: PlacesFile; regions: PlacesFile }, known: ReadonlySet<string>): Place[] {
  const mistakes: string[] = [];
  const lines = new Map<Place, string>();
  const places = [
    ...readFile("region", files.regions, lines, mistakes),
    ...readFile("port", files.ports, lines, mistakes),
  ];
  const byCode = new Map<string, Place>();
  for (const place of places) {
    const other = byCode.get(place.code);
    if (other) mistakes.push(`${lines.get(place)}: ${place.code} stands already at ${lines.get(other)}`);
    else byCode.set(place.code, place);
  }
  for (const place of places) {
    if (place.parent !== null && byCode.get(place.parent)?.kind !== "region" && !known.has(place.parent)) {
      mistakes.push(`${lines.get(place)}: there is no region ${place.parent}`);
    } else if (place.parent === place.code) {
      mistakes.push(`${lines.get(place)}: ${place.code} lies in itself`);
    }
  }
  if (mistakes.length > 0) throw new PlacesError(mistakes);
  return places;
}

function readFile(kind: Place["kind"], file: PlacesFile, lines: Map<Place, string>, mistakes: string[]): Place[] {
  const columns = [KEY[kind], "name", "parent_slug"];
  const places: Place[] = [];
  let rows: { record: Record<string, string>; info: { lines: number } }[];
  try {
    rows = parse(file.content, { bom: true, columns: true, info: true, skip_empty_lines: true, trim: true }) as never;
  } catch (error) {
    mistakes.push(`${file.name}: ${(error as Error).message}`);
    return [];
  }
  const [first] = rows;
  if (first === undefined) {
    mistakes.push(`${file.name}: has no line under its header ${columns.join(",")}`);
    return [];
  }
  const missing = columns.filter((column) => !(column in first.record));
  if (missing.length > 0) {
    mistakes.push(`${file.name}:1: the header lacks ${missing.join(", ")}`);
    return [];
  }
  for (const { record, info } of rows) {
    const line = `${file.name}:${info.lines}`;
    const code = record[KEY[kind]] ?? "";
    const name = record.name ?? "";
    if (!PATTERN[kind].test(code)) mistakes.push(`${line}: ${KEY[kind]} "${code}" is not ${EXPECTED[kind]}`);
    else if (name === "") mistakes.push(`${line}: ${code} has no name`);
    else {
      const place: Place = { kind, code, name, parent: record.parent_slug || null };
      lines.set(place, line);
      places.push(place);
    }
  }
  return places;
}
