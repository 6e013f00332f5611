import { z } from "zod";
import { dataAnswers } from "../answers/data-operation.js";
import { type Operation, operation } from "../http/operation.js";
import type { ProblemName } from "../http/problems.js";
import { RATES_PROBLEMS } from "./get-rates.js";
import { spreadBody } from "./rates-body.js";
import { ratesParameters } from "./rates-parameters.js";
import type { RatesServices } from "./rates-route.js";
import { spreadRoute } from "./spread-route.js";

const PROBLEMS: readonly ProblemName[] = ["conflicting-parameters", "spread-too-wide", ...RATES_PROBLEMS];

/** `GET /rates/spread`. */
export const getSpread: Operation<RatesServices> = operation({
  id: "getSpread",
  method: "GET",
  path: "/rates/spread",
  tag: "rates",
  summary: "Low, median and high of each day, week or month, beside the average price",
  description:
    "The answer of `/rates`, with the prices that a tenth, half and nine tenths of all prices do not exceed, each within " +
    "1 %. They take longer between large regions, because they are made from all pairs of ports. " +
    "With `Accept: text/csv` the answer is that of `/rates/spread.csv`.",
  query: ratesParameters,
  answers: dataAnswers("The rates and their spread.", { "application/json": { schema: spreadBody } }),
  problems: PROBLEMS,
  route: (services: RatesServices) => spreadRoute(services),
});

/** `GET /rates/spread.csv`. */
export const getSpreadCsv: Operation<RatesServices> = operation({
  id: "getSpreadCsv",
  method: "GET",
  path: "/rates/spread.csv",
  tag: "rates",
  summary: "The same as CSV, with an empty field for null",
  query: ratesParameters,
  answers: dataAnswers("The rates and their spread.", {
    "text/csv": {
      schema: z.string(),
      example: "day,price,count,low,median,high\r\n2021-01-31,1234.5,12,980,1210.5,1502\r\n",
    },
  }),
  problems: PROBLEMS,
  route: (services: RatesServices) => spreadRoute(services, "csv"),
});
