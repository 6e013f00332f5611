import { z } from "zod";
import type { Interval } from "../../rates/calendar.js";
import { type Lane, type LanesQuestion, MOST_LANES, readLanes } from "../../rates/question.js";
import { readParameters } from "../http/read-parameters.js";
import { storable } from "../http/storable-text.js";
import { rangeParameters, readRange } from "./rates-parameters.js";

/** Parameters of `/rates/lanes` and `/rates/lanes.csv`. */
export const lanesParameters = z.strictObject({
  lanes: storable(z.string())
    .transform(checkLanes)
    .meta({
      description:
        `Up to ${MOST_LANES} lanes, separated by commas. Each is \`ORIGIN:DESTINATION\`, where both are the code of a ` +
        "port or the slug of a region.",
      examples: ["CNSGH:NLRTM,china:north_europe"],
    }),
  ...rangeParameters,
});

/** A question about several lanes, and into which periods its days are put together. */
export interface AskedLanes extends LanesQuestion {
  readonly interval: Interval;
}

/** Reads a query string. @throws {ProblemError} that lists every mistake. */
export function readLanesParameters(querystring: string): AskedLanes {
  const values = readParameters(lanesParameters, querystring);
  return { ...readRange(values), lanes: values.lanes, interval: values.interval };
}

function checkLanes(text: string, context: z.core.$RefinementCtx): readonly Lane[] {
  const { lanes, faults } = readLanes(text);
  const given = lanes.length + faults.length;
  if (given > MOST_LANES) {
    const message = `has ${given} lanes; at most ${MOST_LANES} can be asked for`;
    context.addIssue({ code: "custom", message, params: { problem: "too-many-lanes" } });
    return z.NEVER;
  }
  for (const fault of faults) context.addIssue(fault);
  return lanes;
}
