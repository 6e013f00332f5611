import { z } from "zod";
import { DATA_PROBLEMS, dataAnswers } from "../answers/data-operation.js";
import { type Operation, operation } from "../http/operation.js";
import type { ProblemName } from "../http/problems.js";
import { ratesBody } from "./rates-body.js";
import { ratesParameters } from "./rates-parameters.js";
import { type RatesServices, ratesRoute } from "./rates-route.js";

/** The problems of every question about rates. */
export const RATES_PROBLEMS: readonly ProblemName[] = [
  "unknown-place",
  "invalid-date",
  "reversed-dates",
  "range-too-long",
  ...DATA_PROBLEMS,
];
const PROBLEMS: readonly ProblemName[] = ["conflicting-parameters", ...RATES_PROBLEMS];

/**
 * `GET /rates`. Its route reads the query itself, with the same schema, because it remembers queries that it has read.
 */
export const getRates: Operation<RatesServices> = operation({
  id: "getRates",
  method: "GET",
  path: "/rates",
  tag: "rates",
  summary: "Average price and number of prices of each day, week or month",
  description:
    "Both places may be ports or regions of any depth. Every day, week or month of the range is there, newest first. " +
    "With `Accept: text/csv` the answer is that of `/rates.csv`.",
  query: ratesParameters,
  answers: dataAnswers("The rates.", { "application/json": { schema: ratesBody } }),
  problems: PROBLEMS,
  route: (services: RatesServices) => ratesRoute(services),
});

/**
 * `GET /rates.csv`. It has its own path, because an OpenAPI document has one operation for each path and method. If one
 * operation had both forms, a generated client would not know which one it gets.
 */
export const getRatesCsv: Operation<RatesServices> = operation({
  id: "getRatesCsv",
  method: "GET",
  path: "/rates.csv",
  tag: "rates",
  summary: "The same as CSV, with an empty field for null",
  query: ratesParameters,
  answers: dataAnswers("The rates.", {
    "text/csv": { schema: z.string(), example: "day,price,count\r\n2021-01-31,1234.5,3\r\n" },
  }),
  problems: PROBLEMS,
  route: (services: RatesServices) => ratesRoute(services, "csv"),
});
