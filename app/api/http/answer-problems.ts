import { DatabaseAwayError, DatabaseBusyError } from "../../database/read-side.js";
import { meaningOf } from "../../database/sqlstates.js";
import type { Logger } from "../../telemetry/logger.js";
import { ProblemError, type ProblemName, writeProblem } from "./problems.js";
import { ClientGoneError } from "./read-body.js";
import type { ApiContext, ApiMiddleware } from "./request.js";
import { requestFields } from "./request-fields.js";

const RETRY_AFTER_SECONDS = "1";

/** Answers with a problem document if a route throws an error or if no route answers. */
export function answerProblems(logger: Logger): ApiMiddleware {
  const flood = new Map<ProblemName, { sinceMs: number; unlogged: number }>();

  /**
   * Logs at most one line a second for each problem. While every request fails, a log line for each would cost more
   * than its answer.
   */
  function logFlood(fields: object, problem: ProblemName): void {
    const nowMs = performance.now();
    const last = flood.get(problem) ?? { sinceMs: Number.NEGATIVE_INFINITY, unlogged: 0 };
    if (nowMs - last.sinceMs < 1_000) {
      last.unlogged += 1;
      logger.debug(fields, "request failed");
      return;
    }
    logger.warn({ ...fields, ...(last.unlogged > 0 && { not_logged: last.unlogged }) }, "request failed");
    flood.set(problem, { sinceMs: nowMs, unlogged: 0 });
  }

  return async function answer(ctx: ApiContext, next) {
    try {
      await next();
      if (ctx.status === 404 && ctx.body === undefined) {
        send(ctx, new ProblemError("not-found", `Nothing is at ${ctx.path}.`));
      }
    } catch (error) {
      if (leftInBody(ctx, error)) {
        // The client has closed the connection and gets no answer. The error is only a consequence of that.
        logger.info(
          { ...requestFields(ctx), error: (error as Error).message },
          "the client left in the middle of its body",
        );
        return;
      }
      const problem = error instanceof ProblemError ? error : translate(error);
      if (problem.status >= 500) {
        const fields = { ...requestFields(ctx), problem: problem.problem };
        if (problem.problem === "internal") logger.error({ ...fields, error }, "request failed");
        else logFlood({ ...fields, error: (error as Error).message }, problem.problem);
      }
      send(ctx, problem);
    }
  };
}

function leftInBody({ req }: ApiContext, error: unknown): boolean {
  return error instanceof ClientGoneError || (req.destroyed && !req.complete);
}

/**
 * @returns the problem to tell the client. It never contains the error's text, which may reveal how the service is
 * built.
 */
function translate(error: unknown): ProblemError {
  const headers = { "Retry-After": RETRY_AFTER_SECONDS };
  if (error instanceof DatabaseBusyError) {
    return new ProblemError("overloaded", "Every connection to the database is in use.", { headers });
  }
  if (error instanceof DatabaseAwayError) {
    return new ProblemError("database-away", "No database answered in time.", { headers });
  }
  const meaning = meaningOf(error);
  if (meaning === "unmigrated") {
    return new ProblemError("database-away", "The database is not at the schema of this release yet.", { headers });
  }
  if (meaning === "slow") {
    return new ProblemError("timeout", "The database took too long over this question.", { headers });
  }
  return new ProblemError("internal", "The service could not answer this request.");
}

function send(ctx: ApiContext, problem: ProblemError): void {
  ctx.status = problem.status;
  ctx.type = "application/problem+json";
  ctx.remove("ETag");
  ctx.remove("Last-Modified");
  ctx.set("Cache-Control", "no-store");
  ctx.set(problem.headers);
  ctx.body = writeProblem(problem.problem, problem.message, problem);
}
