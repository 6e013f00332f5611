import type { Problem } from "../../api-client.js";
import type { Lane } from "../question/lane.js";
import type { DayRange } from "../question/range.js";

/** What is wrong with each field of a lane and its days, in words for a visitor. */
export interface Mistakes {
  readonly origin?: string;
  readonly destination?: string;
  readonly dateFrom?: string;
  readonly dateTo?: string;
}

const FIELDS: Readonly<Record<string, keyof Mistakes>> = {
  origin: "origin",
  destination: "destination",
  date_from: "dateFrom",
  date_to: "dateTo",
};

/** Words for the types of problems that a question can have. The API's own words name its parameters. */
const WORDS: Readonly<Record<string, (given: string) => string>> = {
  "unknown-place": (given) => `There is no port or region “${given}”.`,
  "invalid-date": (given) => `“${given}” is not a day.`,
  "reversed-dates": () => "The first day is after the last.",
  "range-too-long": () => "A range has at most 366 days.",
};

/** The mistakes that a problem tells of; undefined if it tells of anything else, which a field cannot show. */
export function mistakesOf({ errors }: Problem, asked: Lane & DayRange): Mistakes | undefined {
  if (!errors?.length) return undefined;
  const mistakes: { -readonly [field in keyof Mistakes]: string } = {};
  for (const { parameter = "", type = "" } of errors) {
    const field = FIELDS[parameter];
    const words = WORDS[type.slice(type.indexOf("#") + 1)];
    if (!field || !words) return undefined;
    mistakes[field] = words(asked[field] ?? "");
  }
  return mistakes;
}
