import { isUtf8 } from "node:buffer";
import { faultOfPlace, type Place } from "./place.js";
import { faultOfCell, type PlacesFile, rowsOf, textOf } from "./places-file.js";

/**
 * Columns of the UN/LOCODE files. UNECE publishes them without a header: Change, Country, Location, Name,
 * NameWoDiacritics, Subdivision, Function, Status, Date, IATA, Coordinates, Remarks. Other publishers add a header and
 * put Status before Function.
 */
const COLUMNS = { change: 0, country: 1, location: 2, name: 3, functionOrStatus: [6, 7] } as const;
const LEAST_COLUMNS = 11;
const TO_BE_REMOVED = "X";
/** Marks a port in the column Function. The column Status never has a digit, so both columns can be searched. */
const PORT_FUNCTION = "1";
const HEADER = "Country";
const HEAD_BYTES = 4_096;

/** A port of UN/LOCODE, which does not name its region. */
export type ListedPort = Pick<Place, "code" | "name">;

/** True if the first row of the file looks like the official list. */
export function isUnLocode({ content }: PlacesFile): boolean {
  const head = typeof content === "string" ? content.slice(0, HEAD_BYTES) : content.toString("latin1", 0, HEAD_BYTES);
  const cells = rowsOf(head)[0]?.cells ?? [];
  const country = cells[COLUMNS.country] ?? "";
  return cells.length >= LEAST_COLUMNS && (country === HEADER || /^[A-Z]{2}$/.test(country));
}

/**
 * The ports in a file of UN/LOCODE. Rows that the list is about to remove are left out. So are rows of countries and of
 * alternative names, which have no location. A code may occur with several names; the caller takes the first.
 * @param mistakes gets the reasons why the file cannot be read at all.
 * @param leftOut gets the rows of ports that cannot be read. They do not stop an import, because a user cannot repair
 * the list.
 */
export function readUnLocode(file: PlacesFile, mistakes: string[], leftOut: string[]): ListedPort[] {
  const ports: ListedPort[] = [];
  for (const { line, cells, fault } of rowsOf(textOfList(file, mistakes) ?? "")) {
    const [port, reason] = cells === undefined ? [null, fault] : portOf(cells);
    if (reason !== null) leftOut.push(`${file.name}:${line}: ${reason}`);
    else if (port !== null) ports.push(port);
  }
  return ports;
}

function portOf(cells: readonly string[]): [port: ListedPort | null, fault: string | null] {
  const cell = (index: number) => cells[index] ?? "";
  if (cell(COLUMNS.location) === "" || cell(COLUMNS.country) === HEADER) return [null, null];
  if (cell(COLUMNS.change) === TO_BE_REMOVED) return [null, null];
  if (!COLUMNS.functionOrStatus.some((index) => cell(index).includes(PORT_FUNCTION))) return [null, null];
  const port = { code: cell(COLUMNS.country) + cell(COLUMNS.location), name: cell(COLUMNS.name).trim() };
  return [port, faultOfCell(port.name) ?? faultOfPlace({ kind: "port", ...port })];
}

/** The region for the ports of a country. */
export function regionOfCountry(portCode: string): Place {
  const country = portCode.slice(0, 2);
  const name = new Intl.DisplayNames("en", { type: "region" }).of(country) ?? country;
  return { kind: "region", code: country.toLowerCase(), name, parent: null };
}

/**
 * The text of a file of UN/LOCODE. It is in UTF-8, or in Windows-1252, as all files were until 2023. Mistakes are
 * reported like those of {@link textOf}.
 */
function textOfList(file: PlacesFile, mistakes: string[]): string | null {
  const { content } = file;
  if (typeof content === "string" || isUtf8(content) || isMostlyUtf8(content)) return textOf(file, mistakes);
  return new TextDecoder("windows-1252").decode(content);
}

/**
 * True if most non-ASCII bytes form characters of UTF-8. In Windows-1252, neighbouring letters hardly ever do so by
 * chance.
 */
function isMostlyUtf8(content: Buffer): boolean {
  const text = content.toString("latin1");
  const beyondAscii = text.match(/[\x80-\xff]/g)?.length ?? 0;
  const sequences = text.match(/[\xc2-\xdf][\x80-\xbf]|[\xe0-\xef][\x80-\xbf]{2}/g) ?? [];
  return sequences.join("").length > beyondAscii / 2;
}
