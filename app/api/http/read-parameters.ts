import type { z } from "zod";
import { type ParameterMistake, type ProblemName, parameterProblem } from "./problems.js";

/** A query string as Koa parses it: an array where a parameter was repeated. */
export type Query = Readonly<Record<string, string | string[] | undefined>>;

/**
 * Validates a query string with the schema that the OpenAPI document is made from.
 * @param check finds what a schema of single parameters cannot say
 * @throws {ProblemError} naming every mistake.
 */
export function readParameters<Schema extends z.ZodType>(
  schema: Schema,
  query: Query,
  check: (query: Query) => ParameterMistake[] = () => [],
): z.output<Schema> {
  const parsed = schema.safeParse(query);
  const [first, ...others] = [
    ...(parsed.error?.issues.flatMap((issue) => mistakesOf(issue, query)) ?? []),
    ...check(query),
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
  // A refinement says which in its `params`.
  const problem = issue.code === "custom" ? (issue.params?.problem as ProblemName | undefined) : undefined;
  return problem ?? "invalid-parameter";
}
