/**
 * Every problem a client can meet: one table, which answers, documentation and tests read. `meaning` is for the page
 * at /docs/errors, in HTML-free text.
 */
export const problems = {
  "unknown-place": {
    status: 400,
    title: "Unknown place",
    meaning: "No port has this code and no region has this slug. /ports and /regions list what there is.",
  },
  "missing-parameter": {
    status: 400,
    title: "Missing parameter",
    meaning: "A parameter that is required is not there.",
  },
  "unknown-parameter": {
    status: 400,
    title: "Unknown parameter",
    meaning: "A parameter that this path does not have; refused, because a misspelt one would otherwise go unnoticed.",
  },
  "repeated-parameter": { status: 400, title: "Repeated parameter", meaning: "A parameter was given more than once." },
  "conflicting-parameters": {
    status: 400,
    title: "Conflicting parameters",
    meaning: "Both spellings of one parameter were given, such as origin and orig_code.",
  },
  "invalid-date": {
    status: 400,
    title: "Invalid date",
    meaning: "Days are written YYYY-MM-DD, from year 0001, and must exist.",
  },
  "reversed-dates": { status: 400, title: "Reversed dates", meaning: "The first day lies after the last." },
  "range-too-long": { status: 400, title: "Range too long", meaning: "A question covers at most 366 days." },
  "invalid-parameter": { status: 400, title: "Invalid parameter", meaning: "A parameter's value cannot be used." },
  "malformed-request": {
    status: 400,
    title: "Malformed request",
    meaning: "The request is not well-formed HTTP; the connection is closed.",
  },
  unauthorized: {
    status: 401,
    title: "Unauthorized",
    meaning: "Batches need a bearer token: Authorization: Bearer TOKEN.",
  },
  "not-found": { status: 404, title: "Not found", meaning: "Nothing is at this path." },
  "method-not-allowed": {
    status: 405,
    title: "Method not allowed",
    meaning: "The path exists, but not with this method; the Allow header lists those it has.",
  },
  "not-acceptable": {
    status: 406,
    title: "Not acceptable",
    meaning: "The Accept header rules out every form that this path has.",
  },
  "request-timeout": {
    status: 408,
    title: "Request timeout",
    meaning: "The request's headers took too long to arrive; the connection is closed.",
  },
  "too-many-requests": {
    status: 429,
    title: "Too many requests",
    meaning: "This client sent more than its share; Retry-After says when to go on, RateLimit how much is left.",
  },
  "headers-too-large": {
    status: 431,
    title: "Headers too large",
    meaning: "The request line and headers take more than 16 KiB; the connection is closed.",
  },
  internal: {
    status: 500,
    title: "Internal error",
    meaning: "A fault of the service, which has logged it by request id.",
  },
  overloaded: {
    status: 503,
    title: "Overloaded",
    meaning: "Turned away before any work, so that requests under way finish. Try again after Retry-After.",
  },
  "database-away": {
    status: 503,
    title: "Database away",
    meaning: "No database answered in time. Try again after Retry-After.",
  },
  "read-only": {
    status: 503,
    title: "Read only",
    meaning: "Nothing can be written here, as in a region that follows another. Write where the data is kept.",
  },
  timeout: { status: 504, title: "Timeout", meaning: "The database took too long over this question." },
} as const satisfies Record<string, { status: number; title: string; meaning: string }>;

export type ProblemName = keyof typeof problems;

/** What is wrong with one parameter. `type` is a path like the document's own. */
export interface ParameterMistake {
  readonly problem: ProblemName;
  readonly parameter: string;
  readonly detail: string;
}

export interface ProblemOptions extends ErrorOptions {
  readonly mistakes?: readonly ParameterMistake[];
  /** Headers that belong to the answer, such as Retry-After. */
  readonly headers?: Readonly<Record<string, string>>;
}

/** Thrown anywhere in a request; becomes its answer. */
export class ProblemError extends Error {
  readonly problem: ProblemName;
  readonly status: number;
  readonly mistakes: readonly ParameterMistake[];
  readonly headers: Readonly<Record<string, string>>;

  constructor(problem: ProblemName, detail: string, options: ProblemOptions = {}) {
    super(detail, options);
    this.name = "ProblemError";
    this.problem = problem;
    this.status = problems[problem].status;
    this.mistakes = options.mistakes ?? [];
    this.headers = options.headers ?? {};
  }
}

/** Names every mistake; the document's type is that of the first, as RFC 9457 (section 3) has it. */
export function parameterProblem(mistakes: readonly [ParameterMistake, ...ParameterMistake[]]): ProblemError {
  return new ProblemError(mistakes[0].problem, [...new Set(mistakes.map((mistake) => mistake.detail))].join(" "), {
    mistakes,
  });
}

/** The body of a problem document (RFC 9457), served as application/problem+json. */
export function writeProblem(problem: ProblemName, detail: string, mistakes: readonly ParameterMistake[] = []): string {
  const { status, title } = problems[problem];
  return JSON.stringify({
    type: problemType(problem),
    title,
    status,
    detail,
    ...(mistakes.length > 0
      ? {
          errors: mistakes.map((mistake) => ({
            parameter: mistake.parameter,
            type: problemType(mistake.problem),
            detail: mistake.detail,
          })),
        }
      : {}),
  });
}

function problemType(problem: ProblemName): string {
  return `/docs/errors#${problem}`;
}
