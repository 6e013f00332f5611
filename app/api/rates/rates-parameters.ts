import { z } from "zod";
import { countDays, INTERVALS, type Interval } from "../../rates/calendar.js";
import { type DayRange, LONGEST_RANGE_DAYS, MOST_PLACE_CHARACTERS, type Question } from "../../rates/question.js";
import { type ParameterMistake, parameterProblem } from "../http/problems.js";
import { type Query, readParameters } from "../http/read-parameters.js";
import { storable } from "../http/storable-text.js";

/**
 * The first week of last month. The generated prices cover it, since they go back a year, and the example stays the
 * same for a month.
 */
const [EXAMPLE_FROM, EXAMPLE_TO] = [1, 7].map((day) => {
  const now = new Date();
  return new Date(Date.UTC(now.getUTCFullYear(), now.getUTCMonth() - 1, day)).toISOString().slice(0, 10);
});

const day = (description: string, example: string | undefined) =>
  z.iso
    .date("must be a day that exists, written YYYY-MM-DD")
    // PostgreSQL has no year 0.
    .refine((text) => !text.startsWith("0000"), {
      message: "must be in year 0001 or later",
      params: { problem: "invalid-date" },
    })
    .meta({ description, examples: [example] });

/** Parameters of every question about rates. */
export const rangeParameters = {
  date_from: day("First day, ISO 8601.", EXAMPLE_FROM),
  date_to: day(
    `Last day, ISO 8601, not before date_from; the range has at most ${LONGEST_RANGE_DAYS} days.`,
    EXAMPLE_TO,
  ),
  interval: z
    .enum(INTERVALS, "must be day, week or month")
    .default("day")
    .meta({
      description:
        "Of what each rate is: of a day, of a week from Monday to Sunday, or of a month. A week or month that lies partly " +
        "outside of the range has only the days inside of it.",
      examples: ["day"],
    }),
};

/**
 * A place has two spellings, and only one has an example. A form that is filled with all examples must get an answer.
 */
const place = (description: string, example?: string) =>
  storable(
    z
      .string()
      .min(1, "must not be empty")
      .max(MOST_PLACE_CHARACTERS, `must have at most ${MOST_PLACE_CHARACTERS} characters`),
  )
    .optional()
    .meta({ description, examples: example === undefined ? [] : [example] });

/** Parameters of `/rates` and `/rates.csv`. */
export const ratesParameters = z.strictObject({
  ...rangeParameters,
  orig_code: place("Where from: code of a port or slug of a region. This or `origin` is required.", "CNSGH"),
  dest_code: place("Where to: code of a port or slug of a region. This or `destination` is required.", "north_europe"),
  origin: place("Another spelling of `orig_code`; give one of them."),
  destination: place("Another spelling of `dest_code`; give one of them."),
});

/**
 * A question, and the parameters that named its two places, so that a mistake is reported under the name that the
 * client used.
 */
export interface AskedRates extends Question {
  readonly interval: Interval;
  readonly originParameter: "orig_code" | "origin";
  readonly destinationParameter: "dest_code" | "destination";
}

/** Reads a query string. @throws {ProblemError} that lists every mistake. */
export function readRatesParameters(querystring: string): AskedRates {
  const values = readParameters(ratesParameters, querystring, checkSpellings);
  return {
    ...readRange(values),
    origin: values.orig_code ?? values.origin ?? "",
    destination: values.dest_code ?? values.destination ?? "",
    interval: values.interval,
    originParameter: values.origin === undefined ? "orig_code" : "origin",
    destinationParameter: values.destination === undefined ? "dest_code" : "destination",
  };
}

/** @throws {ProblemError} if the range is empty or too long. */
export function readRange({ date_from: dateFrom, date_to: dateTo }: { date_from: string; date_to: string }): DayRange {
  const days = countDays(dateFrom, dateTo);
  if (days < 1) {
    const detail = `date_from (${dateFrom}) is after date_to (${dateTo}).`;
    throw parameterProblem([{ problem: "reversed-dates", parameter: "date_from", detail }]);
  }
  if (days > LONGEST_RANGE_DAYS) {
    const detail = `The range from date_from to date_to has ${days} days; at most ${LONGEST_RANGE_DAYS} can be asked for.`;
    throw parameterProblem([{ problem: "range-too-long", parameter: "date_to", detail }]);
  }
  return { dateFrom, dateTo };
}

/**
 * Each place must have exactly one of its two parameters. The schema could check this only after everything else is
 * right; here it is reported together with the other mistakes.
 */
function checkSpellings(query: Query): ParameterMistake[] {
  return [...checkPair(query, "orig_code", "origin"), ...checkPair(query, "dest_code", "destination")];
}

function checkPair(query: Query, parameter: string, other: string): ParameterMistake[] {
  if (query[parameter] === undefined && query[other] === undefined) {
    return [{ problem: "missing-parameter", parameter, detail: `${parameter} (or ${other}) is missing.` }];
  }
  if (query[parameter] === undefined || query[other] === undefined) return [];
  const detail = `${parameter} and ${other} are two spellings of one parameter; give one of them.`;
  return [
    { problem: "conflicting-parameters", parameter, detail },
    { problem: "conflicting-parameters", parameter: other, detail },
  ];
}
