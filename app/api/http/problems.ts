import { shorten } from "./shorten.js";

/**
 * Every problem that a client can get. Answers, documentation and tests read this one table. `meaning` is shown on the
 * page /docs/errors and is plain text without HTML.
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
  "too-many-lanes": { status: 400, title: "Too many lanes", meaning: "A question has at most 10 lanes." },
  "invalid-parameter": { status: 400, title: "Invalid parameter", meaning: "A parameter's value cannot be used." },
  "malformed-request": {
    status: 400,
    title: "Malformed request",
    meaning: "The request is not well-formed HTTP; the connection is closed.",
  },
  "malformed-body": {
    status: 400,
    title: "Malformed body",
    meaning: "The body is not the JSON that this path takes; errors names each member that is wrong.",
  },
  unauthorized: {
    status: 401,
    title: "Unauthorized",
    meaning: "Batches need a bearer token: Authorization: Bearer TOKEN.",
  },
  "not-found": { status: 404, title: "Not found", meaning: "Nothing is at this path." },
  "unknown-port": {
    status: 404,
    title: "Unknown port",
    meaning: "No port has this code. /ports lists and finds them.",
  },
  "unknown-batch": { status: 404, title: "Unknown batch", meaning: "There is no batch of this number." },
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
  "batch-state": {
    status: 409,
    title: "Not in this state",
    meaning: "The batch is in a state that does not allow this, such as a retract of one that was never published.",
  },
  "batch-incomplete": {
    status: 409,
    title: "Batch not complete",
    meaning: "Pieces are missing or still on their way; publish when all are loaded.",
  },
  "batch-failed": {
    status: 409,
    title: "Batch failed",
    meaning:
      "The batch has failed, and not for what is in its lines: other bytes came under its key than were loaded before, or nothing came for a day. Send it with a new key.",
  },
  "batch-too-old": {
    status: 409,
    title: "Batch too old",
    meaning: "A batch can be retracted or published again only for some days after its first publish.",
  },
  "piece-conflict": {
    status: 409,
    title: "Piece conflict",
    meaning: "The piece is loaded with other bytes, or another request sent it at the same time.",
  },
  "content-too-large": {
    status: 413,
    title: "Content too large",
    meaning: "The body is over the limit, as it came or decompressed; send it in several pieces.",
  },
  "unsupported-media-type": {
    status: 415,
    title: "Unsupported media type",
    meaning: "Prices are text/csv or application/x-ndjson, plain or with Content-Encoding gzip or zstd.",
  },
  "bad-lines": {
    status: 422,
    title: "Bad lines",
    meaning:
      "Lines or the header cannot be loaded; lines names the first of them, error_counts how many there are for each reason. A batch sent as one body has failed, one sent in pieces stays open.",
  },
  "unreadable-body": {
    status: 422,
    title: "Unreadable body",
    meaning: "The body's compression is damaged or ends too early.",
  },
  "key-reused": {
    status: 422,
    title: "Idempotency-Key reused",
    meaning: "The key belongs to a batch that was opened otherwise; take a new one for a new batch.",
  },
  "too-many-uploads": {
    status: 429,
    title: "Too many uploads",
    meaning: "This instance takes no more bodies at once. Try again after Retry-After.",
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

const MOST_MISTAKES = 10;
const MOST_NAME_CHARACTERS = 100;
const MOST_DETAIL_CHARACTERS = 300;

/** The last part of a problem's type, as in `/docs/errors#unknown-place`. */
export type ProblemName = keyof typeof problems;

/** What is wrong with one parameter. Its `type` is a path like the type of the whole document. */
export interface ParameterMistake {
  readonly problem: ProblemName;
  readonly parameter: string;
  readonly detail: string;
}

/** A line of an upload that could not be loaded. */
export interface ProblemLine {
  readonly file: string;
  readonly line: number | null;
  readonly column: string | null;
  readonly reason: string;
  readonly content: string | null;
}

/** How many lines could not be loaded for one reason. */
export interface ErrorCount {
  readonly reason: string;
  readonly count: number;
}

/** Members of a problem document in addition to its type and detail. */
export interface ProblemMembers {
  readonly mistakes?: readonly ParameterMistake[];
  /** The first bad lines. */
  readonly lines?: readonly ProblemLine[];
  /** How many bad lines there are for each reason. */
  readonly errorCounts?: readonly ErrorCount[];
}

/** Options of a {@link ProblemError}. */
export interface ProblemOptions extends ErrorOptions, ProblemMembers {
  /** Headers of the answer, such as Retry-After. */
  readonly headers?: Readonly<Record<string, string>>;
}

/** An error of a request. It becomes the answer to the request. */
export class ProblemError extends Error {
  readonly problem: ProblemName;
  readonly status: number;
  readonly mistakes: readonly ParameterMistake[];
  readonly lines: readonly ProblemLine[];
  readonly errorCounts: readonly ErrorCount[];
  readonly headers: Readonly<Record<string, string>>;

  constructor(problem: ProblemName, detail: string, options: ProblemOptions = {}) {
    super(detail, options);
    this.name = "ProblemError";
    this.problem = problem;
    this.status = problems[problem].status;
    this.mistakes = options.mistakes ?? [];
    this.lines = options.lines ?? [];
    this.errorCounts = options.errorCounts ?? [];
    this.headers = options.headers ?? {};
  }
}

/**
 * Reports up to ten mistakes. The type of the document is the type of the first mistake, as RFC 9457 (section 3) asks.
 */
export function parameterProblem(mistakes: readonly [ParameterMistake, ...ParameterMistake[]]): ProblemError {
  const named = mistakes.slice(0, MOST_MISTAKES);
  const details = new Set(named.map((mistake) => shorten(mistake.detail, MOST_DETAIL_CHARACTERS)));
  if (named.length < mistakes.length) details.add(`And ${mistakes.length - named.length} more mistakes.`);
  return new ProblemError(mistakes[0].problem, [...details].join(" "), { mistakes: named });
}

/** The body of a problem document (RFC 9457). Text that comes from the request is shortened. */
export function writeProblem(
  problem: ProblemName,
  detail: string,
  { mistakes = [], lines = [], errorCounts = [] }: ProblemMembers = {},
): string {
  const { status, title } = problems[problem];
  return JSON.stringify({
    type: problemType(problem),
    title,
    status,
    detail: shorten(detail, MOST_MISTAKES * MOST_DETAIL_CHARACTERS),
    ...(mistakes.length > 0
      ? {
          errors: mistakes.map((mistake) => ({
            parameter: shorten(mistake.parameter, MOST_NAME_CHARACTERS),
            type: problemType(mistake.problem),
            detail: shorten(mistake.detail, MOST_DETAIL_CHARACTERS),
          })),
        }
      : {}),
    ...(lines.length > 0 ? { lines } : {}),
    ...(errorCounts.length > 0 ? { error_counts: errorCounts } : {}),
  });
}

function problemType(problem: ProblemName): string {
  return `/docs/errors#${problem}`;
}
