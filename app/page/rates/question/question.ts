import { today } from "../../day.js";
import { type CompleteLane, type Lane, MOST_LANES, readLane, writeLane } from "./lane.js";
import { type DayRange, type Range, readDays, readRange } from "./range.js";

/** What the page shows. All of it is in the address, so that a link shows the same. */
export interface Question {
  /** At least one, at most {@link MOST_LANES}. */
  readonly lanes: readonly Lane[];
  readonly range: Range;
  /** The part of the range that is shown; undefined for all of it. */
  readonly zoom: DayRange | undefined;
  /** True to show the mean of seven days beside each day. */
  readonly mean: boolean;
  /** True to show each lane in percent of its rate on a day that all lanes have. */
  readonly indexed: boolean;
}

/**
 * Reads the question from a query string. The first lane is `origin` and `destination`, as in the API; each further one
 * is a `lane=CNSGH:NLRTM`.
 */
export function readQuestion(search: string): Question {
  const parameters = new URLSearchParams(search);
  const first: Lane = {
    origin: parameters.get("origin") || undefined,
    destination: parameters.get("destination") || undefined,
  };
  return {
    lanes: [first, ...parameters.getAll("lane").map(readLane)].slice(0, MOST_LANES),
    range: readRange(parameters, today()),
    zoom: readDays(parameters.get("zoom")),
    mean: parameters.get("mean") === "7",
    indexed: parameters.get("index") === "100",
  };
}

/** The query string from which {@link readQuestion} reads the same question. */
export function writeQuestion({ lanes: [first, ...more], range, zoom, mean, indexed }: Question): string {
  const parameters = new URLSearchParams();
  if (first?.origin) parameters.set("origin", first.origin);
  if (first?.destination) parameters.set("destination", first.destination);
  for (const lane of more) parameters.append("lane", writeLane(lane));
  if ("last" in range) parameters.set("last", range.last);
  else {
    parameters.set("date_from", range.dateFrom);
    parameters.set("date_to", range.dateTo);
  }
  if (zoom) parameters.set("zoom", `${zoom.dateFrom}..${zoom.dateTo}`);
  if (mean) parameters.set("mean", "7");
  if (indexed) parameters.set("index", "100");
  // The colon of a lane may stand in an address as it is, which is easier to read.
  return `?${parameters}`.replaceAll("%3A", ":");
}

/** The query string of the API for a lane and days. */
export function apiQuery({ origin, destination }: CompleteLane, { dateFrom, dateTo }: DayRange): string {
  return `?${new URLSearchParams({ origin, destination, date_from: dateFrom, date_to: dateTo })}`;
}
