import type pg from "pg";
import type { ReadSide } from "../../database/read-side.js";
import type { PlaceDirectory } from "../../places/place-directory.js";
import { observeQuery } from "../../telemetry/database-metrics.js";
import type { ApiContext } from "../http/request.js";
import { type Load, refuseIfQueueIsLong } from "../http/shed-load.js";
import { type Answer, CACHE_CONTROL } from "./answer.js";
import { type AnswerCache, IN_MEMORY } from "./answer-cache.js";
import type { FastPath } from "./fast-path.js";
import { sendBody } from "./send-body.js";

/** What a route needs in order to answer from the database. */
export interface AnswerServices {
  readonly answers: AnswerCache;
  readonly fastPath: FastPath;
  readonly reads: ReadSide;
  readonly load: Load;
  /** For searches, and for what may be meant by an unknown place. */
  readonly places: PlaceDirectory;
}

/**
 * Thrown by {@link Asked.make} when the query succeeded but gave nothing to answer with, such as for an unknown place.
 */
export class NoAnswerError extends Error {}

/** A question that one statement answers. */
export interface Asked {
  /** Equal for equal questions in the same form (JSON or CSV), and for no others. */
  readonly key: string;
  /** Name of the statement in the metrics. */
  readonly statement: string;
  /** Runs the statement. It may be called again after an error, so it must be safe to repeat. */
  make(client: pg.PoolClient): Promise<Answer>;
}

/**
 * Answers from memory, or from a query that is under way for the same question, or from a new query. Answers 304 if the
 * client has the answer already, and compresses the body if the client accepts that.
 * @param vary names of the request headers that choose the form of the answer
 */
export async function answerQuestion(
  ctx: ApiContext,
  services: AnswerServices,
  asked: Asked,
  vary: string,
): Promise<void> {
  let current = services.answers.get(asked.key);
  if (current === undefined) {
    const beganAtMs = performance.now();
    const answer = await services.answers.ask(asked.key, () => query(services, asked, ctx.state.deadlineMs));
    current = { answer, version: answer.dataset.version };
    ctx.state.timings = `db;dur=${(performance.now() - beganAtMs).toFixed(2)}, `;
  } else {
    services.answers.countHit();
    services.fastPath.remember(ctx, { key: asked.key, vary });
    ctx.state.timings = IN_MEMORY;
  }
  const { res } = ctx;
  res.setHeader("Cache-Control", CACHE_CONTROL);
  res.setHeader("Vary", vary);
  res.setHeader("Dataset-Version", current.version);
  await sendBody(ctx, current.answer);
}

async function query(services: AnswerServices, asked: Asked, deadlineMs: number): Promise<Answer> {
  refuseIfQueueIsLong(services.load);
  return observeQuery(
    asked.statement,
    () => services.reads.run((client) => asked.make(client), deadlineMs),
    (error) => !(error instanceof NoAnswerError),
  );
}
