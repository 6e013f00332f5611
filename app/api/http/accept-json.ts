import { ProblemError } from "./problems.js";
import type { ApiContext } from "./request.js";

/**
 * For paths whose only form is JSON.
 * @throws {ProblemError} `not-acceptable` if the Accept header does not allow it.
 */
export function acceptJson(ctx: ApiContext): void {
  if (ctx.req.headers.accept !== undefined && !ctx.accepts("application/json")) {
    throw new ProblemError("not-acceptable", "This path has application/json.");
  }
}
