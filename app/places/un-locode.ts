import { isUtf8 } from "node:buffer";
import { faultOfPlace, type Place } from "./place.js";
import { faultOfCell, type PlacesFile, rowsOf, textOf } from "./places-file.js";

/**
 * Columns of the files of UN/LOCODE, which UNECE publishes without a header: Change, Country, Location, Name,
 * NameWoDiacritics, Subdivision, Function, Status, Date, IATA, Coordinates, Remarks. Others publish them with one, and
 * with Status before Function.
 */
const COLUMNS = { change: 0, country: 1, location: 2, name: 3, functionOrStatus: [6, 7] } as const;
const LEAST_COLUMNS = 11;
const TO_BE_REMOVED = "X";
/** In Function, a port; no status has a digit. */
const PORT_FUNCTION = "1";
const HEADER = "Country";
const HEAD_BYTES = 4_096;

/** A port of the list, which says nothing of regions. */
export type ListedPort = Pick<Place, "code" | "name">;

/** True if a file is one of the official list, by its first row. */
export function isUnLocode({ content }: PlacesFile): boolean {
  const head = typeof content === "string" ? content.slice(0, HEAD_BYTES) : content.toString("latin1", 0, HEAD_BYTES);
  const cells = rowsOf(head)[0]?.cells ?? [];
  const country = cells[COLUMNS.country] ?? "";
  return cells.length >= LEAST_COLUMNS && (country === HEADER || /^[A-Z]{2}$/.test(country));
}

/**
 * The ports among the locations of a file; not those that the list is about to remove, nor its rows of countries and of
 * other names, which have no location. Of a code that stands there with several names, the first.
 * @param mistakes what keeps the file from being read at all.
 * @param leftOut rows that would be ports if they could be read: the list is not the user's to repair.
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

/** The region that the ports of a country lie in. */
export function regionOfCountry(portCode: string): Place {
  const country = portCode.slice(0, 2);
  const name = new Intl.DisplayNames("en", { type: "region" }).of(country) ?? country;
  return { kind: "region", code: country.toLowerCase(), name, parent: null };
}

/** The text of a file of the list: UTF-8, or Windows-1252 as all of them were until 2023. Mistakes as in textOf. */
function textOfList(file: PlacesFile, mistakes: string[]): string | null {
  const { content } = file;
  if (typeof content === "string" || isUtf8(content) || isMostlyUtf8(content)) return textOf(file, mistakes);
  return new TextDecoder("windows-1252").decode(content);
}

/** Pairs of letters in Windows-1252 are hardly ever what UTF-8 makes of one. */
function isMostlyUtf8(content: Buffer): boolean {
  const text = content.toString("latin1");
  const beyondAscii = text.match(/[\x80-\xff]/g)?.length ?? 0;
  const sequences = text.match(/[\xc2-\xdf][\x80-\xbf]|[\xe0-\xef][\x80-\xbf]{2}/g) ?? [];
  return sequences.join("").length > beyondAscii / 2;
}
