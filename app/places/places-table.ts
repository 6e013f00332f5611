import { codeColumn, faultOfPlace, type Place } from "./place.js";
import { faultOfCell, type PlacesFile, rowsOf, textOf } from "./places-file.js";

/** A place, with the file and the line where it was read. */
export interface LocatedPlace {
  readonly place: Place;
  readonly at: string;
}

/**
 * Reads a file with the columns `code,name,parent_slug` (ports) or `slug,name,parent_slug` (regions), in any order.
 * Other columns are ignored.
 * @param mistakes gets every mistake, with file and line; the header is line 1.
 */
export function readTable(kind: Place["kind"], file: PlacesFile, mistakes: string[]): LocatedPlace[] {
  const text = textOf(file, mistakes);
  if (text === null) return [];
  const wanted = [codeColumn(kind), "name", "parent_slug"];
  const [header, ...rows] = rowsOf(text);
  const refuse = (line: number, fault: string) => mistakes.push(`${file.name}:${line}: ${fault}`);
  if (header === undefined) {
    refuse(1, `it is empty; its header must be ${wanted.join(",")}`);
    return [];
  }
  const headerFault = header.fault ?? faultOfHeader(header.cells, wanted);
  if (headerFault !== null) {
    refuse(header.line, headerFault);
    return [];
  }
  if (rows.length === 0) refuse(header.line, "there is no line under the header");
  const names = header.cells ?? [];
  const [codeIndex, nameIndex, parentIndex] = wanted.map((name) => names.indexOf(name)) as [number, number, number];
  return rows.flatMap(({ line, cells, fault }) => {
    const found = fault ?? faultOfCells(cells, names);
    if (found !== null || cells === undefined) {
      refuse(line, found ?? "");
      return [];
    }
    const cell = (index: number) => (cells[index] ?? "").trim();
    const place: Place = { kind, code: cell(codeIndex), name: cell(nameIndex), parent: cell(parentIndex) || null };
    const placeFault = faultOfPlace(place);
    if (placeFault === null) return [{ place, at: `${file.name}:${line}` }];
    refuse(line, placeFault);
    return [];
  });
}

function faultOfHeader(names: readonly string[], wanted: readonly string[]): string | null {
  for (const name of names) {
    const fault = faultOfCell(name);
    if (fault !== null) return `the header holds ${fault}`;
  }
  const missing = wanted.filter((name) => !names.includes(name));
  if (missing.length > 0) return `the header lacks ${missing.join(", ")}; it must be ${wanted.join(",")} in any order`;
  const twice = names.find((name, index) => name !== "" && names.indexOf(name) !== index);
  return twice === undefined ? null : `the header has ${twice} twice`;
}

function faultOfCells(cells: readonly string[], names: readonly string[]): string | null {
  if (cells.length < names.length) return "a column is missing";
  if (cells.length > names.length) return "a column too many";
  for (const [index, cell] of cells.entries()) {
    const fault = faultOfCell(cell);
    if (fault !== null) return `${names[index]}: ${fault}`;
  }
  return null;
}
