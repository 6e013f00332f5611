/** A problem of a call to the API (RFC 9457). `status` is 0 if there was no answer at all. */
export interface Problem {
  readonly title: string;
  readonly status: number;
  readonly detail?: string;
  readonly errors?: readonly { readonly parameter?: string; readonly type?: string; readonly detail: string }[];
}

/** Thrown by every function of this file. */
export class ProblemError extends Error {
  readonly problem: Problem;

  constructor(problem: Problem) {
    super(problem.detail ?? problem.title);
    this.name = "ProblemError";
    this.problem = problem;
  }
}

interface CallOptions {
  readonly method?: "GET" | "POST";
  readonly accept?: string;
  /** Bearer token for the operations on batches. */
  readonly token?: string;
  /** Value that is sent as JSON. */
  readonly body?: unknown;
  readonly signal?: AbortSignal;
}

/**
 * Longest wait for an answer. It is longer than the server's own deadline, so that its problem document arrives first.
 */
const TIMEOUT_MS = 20_000;

/**
 * Calls the API.
 *
 * @throws {ProblemError} for every answer that is not a success, and if there is no answer. If `signal` is aborted, its
 * error passes through.
 */
export async function call(path: string, { method, accept, token, body, signal }: CallOptions = {}): Promise<Response> {
  const headers: Record<string, string> = { Accept: accept ?? "application/json" };
  if (token) headers.Authorization = `Bearer ${token}`;
  if (body !== undefined) headers["Content-Type"] = "application/json";
  const deadline = AbortSignal.timeout(TIMEOUT_MS);
  let response: Response;
  try {
    response = await fetch(path, {
      method: method ?? "GET",
      headers,
      ...(body !== undefined && { body: JSON.stringify(body) }),
      signal: signal ? AbortSignal.any([signal, deadline]) : deadline,
    });
  } catch (error) {
    if (signal?.aborted) throw error;
    throw new ProblemError({
      title: "No answer from the service",
      status: 0,
      detail: deadline.aborted
        ? `Nothing came back within ${TIMEOUT_MS / 1000} seconds.`
        : "The connection failed. Check the network, then try again.",
    });
  }
  if (!response.ok) throw new ProblemError(await readProblem(response));
  return response;
}

/** Like {@link call}, and parses the body as JSON of the type that the caller names. */
export async function callJson<T>(path: string, options?: CallOptions): Promise<T> {
  return (await (await call(path, options)).json()) as T;
}

/**
 * Reads a problem document. A proxy or gateway in between may have answered in another form; then the problem is made
 * from the status.
 */
async function readProblem(response: Response): Promise<Problem> {
  const fallback = { title: response.statusText || `Status ${response.status}`, status: response.status };
  if (!response.headers.get("Content-Type")?.includes("json")) return fallback;
  try {
    return { ...fallback, ...((await response.json()) as Partial<Problem>) };
  } catch {
    return fallback;
  }
}
