import { ProblemError } from "./problems.js";
import type { ApiContext } from "./request.js";

/**
 * Checks the Accept header on paths that answer in JSON only.
 * @throws {ProblemError} `not-acceptable` if the client does not accept JSON.
 */
export function acceptJson(ctx: ApiContext): void {
  if (ctx.req.headers.accept !== undefined && !ctx.accepts("application/json")) {
    throw new ProblemError("not-acceptable", "This path has application/json.");
  }
}
