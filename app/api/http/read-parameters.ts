import type { z } from "zod";
import { type ParameterMistake, ProblemError, type ProblemName, parameterProblem } from "./problems.js";

/** Parameters by name. A parameter that is given several times has an array. */
export type Query = Readonly<Record<string, string | string[] | undefined>>;

/** More than any path has. Thousands of parameters would keep the event loop busy, and other requests would wait. */
const MOST_PARAMETERS = 50;

function readQuery(querystring: string): Query {
  const pairs = [...new URLSearchParams(querystring)];
  if (pairs.length > MOST_PARAMETERS) {
    throw new ProblemError(
      "invalid-parameter",
      `The query has ${pairs.length} parameters; ${MOST_PARAMETERS} are read.`,
    );
  }
  const query: Record<string, string | string[]> = Object.create(null);
  for (const [name, value] of pairs) {
    const before = query[name];
    query[name] = before === undefined ? value : [before, value].flat();
  }
  return query;
}

/**
 * Validates a query string with the schema that the OpenAPI document is made from.
 * @param check finds mistakes that concern several parameters, which the schema cannot express
 * @throws {ProblemError} that lists the mistakes.
 */
export function readParameters<Schema extends z.ZodType>(
  schema: Schema,
  querystring: string,
  check?: (query: Query) => ParameterMistake[],
): z.output<Schema> {
  return readValues(schema, readQuery(querystring), check);
}

/** Like {@link readParameters}, for parameters that are already parsed, such as those of a path. */
export function readValues<Schema extends z.ZodType>(
  schema: Schema,
  values: Query,
  check: (values: Query) => ParameterMistake[] = () => [],
): z.output<Schema> {
  const parsed = schema.safeParse(values);
  const [first, ...others] = [
    ...(parsed.error?.issues.flatMap((issue) => mistakesOf(issue, values)) ?? []),
    ...check(values),
  ];
  if (first !== undefined) throw parameterProblem([first, ...others]);
  if (!parsed.success) throw parsed.error;
  return parsed.data;
}

function mistakesOf(issue: z.core.$ZodIssue, query: Query): ParameterMistake[] {
  if (issue.code === "unrecognized_keys") {
    return issue.keys.map((parameter) => ({
      problem: "unknown-parameter",
      parameter,
      detail: `There is no parameter ${parameter} here.`,
    }));
  }
  const parameter = String(issue.path[0] ?? "");
  const given = query[parameter];
  if (Array.isArray(given)) {
    return [{ problem: "repeated-parameter", parameter, detail: `${parameter} is given ${given.length} times.` }];
  }
  if (issue.code === "invalid_type" && given === undefined) {
    return [{ problem: "missing-parameter", parameter, detail: `${parameter} is missing.` }];
  }
  return [{ problem: problemOf(issue), parameter, detail: `${parameter} ${issue.message}.` }];
}

function problemOf(issue: z.core.$ZodIssue): ProblemName {
  if (issue.code === "invalid_format" && issue.format === "date") return "invalid-date";
  // A refinement of a schema gives the name of the problem in its `params`.
  const problem = issue.code === "custom" ? (issue.params?.problem as ProblemName | undefined) : undefined;
  return problem ?? "invalid-parameter";
}
