import { z } from "zod";
import { dataAnswers } from "../answers/data-operation.js";
import { type Operation, operation } from "../http/operation.js";
import type { ProblemName } from "../http/problems.js";
import { RATES_PROBLEMS } from "./get-rates.js";
import { lanesParameters } from "./lanes-parameters.js";
import { lanesRoute } from "./lanes-route.js";
import { lanesBody } from "./rates-body.js";
import type { RatesServices } from "./rates-route.js";

const PROBLEMS: readonly ProblemName[] = ["too-many-lanes", ...RATES_PROBLEMS];

/** `GET /rates/lanes` */
export const getLanes: Operation<RatesServices> = operation({
  id: "getLanes",
  method: "GET",
  path: "/rates/lanes",
  tag: "rates",
  summary: "The rates of several lanes on the same days, from one version of the data",
  description: "With `Accept: text/csv` the answer is that of `/rates/lanes.csv`.",
  query: lanesParameters,
  answers: dataAnswers("The rates of each lane.", { "application/json": { schema: lanesBody } }),
  problems: PROBLEMS,
  route: (services: RatesServices) => lanesRoute(services),
});

/** `GET /rates/lanes.csv` */
export const getLanesCsv: Operation<RatesServices> = operation({
  id: "getLanesCsv",
  method: "GET",
  path: "/rates/lanes.csv",
  tag: "rates",
  summary: "The same as CSV for spreadsheets: a line for each day and a column for each lane, with its average price",
  query: lanesParameters,
  answers: dataAnswers("The rates of each lane.", {
    "text/csv": { schema: z.string(), example: "day,CNSGH:NLRTM,china:north_europe\r\n2021-01-31,1234.5,2345.5\r\n" },
  }),
  problems: PROBLEMS,
  route: (services: RatesServices) => lanesRoute(services, "csv"),
});
