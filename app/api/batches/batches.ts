import { Readable } from "node:stream";
import { z } from "zod";
import { BatchNotFoundError } from "../../batches/batch-error.js";
import { writeBatch } from "../../batches/batch-json.js";
import { batchStates } from "../../batches/batch-state.js";
import { listBatches, readBatch } from "../../batches/batch-summary.js";
import { failBatch, STOPPED } from "../../batches/fail.js";
import { readRejects } from "../../batches/rejects.js";
import { countBadLines, readBadLines } from "../../batches/reported-lines.js";
import { retractBatch } from "../../batches/retract.js";
import type { Database } from "../../database/database.js";
import { feedName, LONGEST_DEADLINE_SECONDS, MOST_BAD_ROWS } from "../../ingest/feeds.js";
import { REPORTED_BAD_LINES } from "../../ingest/parse/bad-lines.js";
import { HeaderError } from "../../ingest/parse/columns.js";
import type { IngestThread } from "../../ingest/uploads/ingest-thread.js";
import { completeUpload, type NewUpload, openUpload } from "../../ingest/uploads/upload.js";
import { BadRowsError } from "../../ingest/uploads/upload-error.js";
import type { Settings } from "../../settings.js";
import { acceptJson } from "../http/accept-json.js";
import { type ParameterMistake, ProblemError, parameterProblem } from "../http/problems.js";
import { readParameters } from "../http/read-parameters.js";
import type { ApiContext, ApiRoute } from "../http/request.js";
import { storable } from "../http/storable-text.js";
import { batchProblem, headerProblem } from "./batch-problem.js";
import type { PublishJobs } from "./publish-jobs.js";
import { bodyOf, formatOfBody, idempotencyKey, readAway, readJson, refuseLargeBody } from "./upload-body.js";
import { MOST_UPLOADS } from "./write-pool.js";
import { requireWriteToken, type WriteTokens } from "./write-tokens.js";

export interface BatchServices {
  readonly settings: Settings;
  readonly writes: Database | undefined;
  /** Both where there are writes. */
  readonly thread: IngestThread | undefined;
  readonly jobs: PublishJobs | undefined;
  readonly tokens: WriteTokens;
}

export interface BatchesRoutes {
  /** Before each of the others: a token, and a database that takes writes. */
  readonly guard: ApiRoute;
  /** `GET /batches` */
  readonly list: ApiRoute;
  /** `GET /batches/:id` */
  readonly show: ApiRoute;
  /** `POST /batches` */
  readonly open: ApiRoute;
  /** `PUT /batches/:id/pieces/:number` */
  readonly piece: ApiRoute;
  /** `POST /batches/:id/publish` */
  readonly publish: ApiRoute;
  /** `POST /batches/:id/retract` */
  readonly retract: ApiRoute;
  /** `POST /batches/:id/fail` */
  readonly fail: ApiRoute;
  /** `GET /batches/:id/rejects` */
  readonly rejects: ApiRoute;
}

/** As it comes and decompressed: what a client can send again without regret, and a bomb cannot pass. */
export const MOST_PIECE_BYTES = 1024 * 1024 * 1024;
const DEFAULT_LIMIT = 50;
const MOST_BATCHES = 200;
const MOST_PIECES = 100_000;
/** Of a batch, which Postgres numbers with four bytes. */
const MOST_ID = 2_147_483_647;
/** What a line of NDJSON begins with. */
const OPENING_BRACE = 0x7b;

export const batchesParameters = z.strictObject({
  limit: z
    .string()
    .regex(/^[1-9]\d{0,2}$/, `must be a whole number from 1 to ${MOST_BATCHES}`)
    .transform(Number)
    .pipe(z.number().max(MOST_BATCHES, `must be a whole number from 1 to ${MOST_BATCHES}`))
    .optional()
    .meta({
      description: `Most batches on a page, 1 to ${MOST_BATCHES}; ${DEFAULT_LIMIT} if not given.`,
      examples: ["25"],
    }),
  cursor: z
    .string()
    .regex(/^[1-9]\d{0,9}$/, "must be the next_cursor of an answer")
    .transform(Number)
    .pipe(z.number().max(MOST_ID, "must be the next_cursor of an answer"))
    .optional()
    .meta({ description: "`next_cursor` of the page before; the newest batches if not given." }),
  feed: feedName.optional().meta({ description: "Only batches of this feed." }),
  state: z.enum(batchStates).optional().meta({ description: "Only batches in this state." }),
});

/** A number in JSON; digits, as parameters are texts. */
const count = (most: number) => {
  const rule = `must be a whole number from 0 to ${most}`;
  return z.preprocess(
    (value) => (typeof value === "string" && /^\d{1,15}$/.test(value) ? Number(value) : value),
    z.int(rule).min(0, rule).max(most, rule),
  );
};

/** How a batch is opened: members of a JSON body, or, with prices as the body, parameters. */
export const newBatch = z.strictObject({
  feed: feedName.meta({ description: "The feed it belongs to.", examples: ["asia"] }),
  mode: z
    .enum(["append", "replace"])
    .default("append")
    .meta({ description: "`replace` hides the feed's earlier prices of the days that the batch holds." }),
  source: storable(z.string().min(1, "must not be empty").max(500, "must have at most 500 characters"))
    .default("upload")
    .meta({ description: "What its bad lines are reported under, such as the name of a file." }),
  max_bad_rows: count(MOST_BAD_ROWS).default(0).meta({ description: "Bad lines to leave out instead of failing." }),
  deadline_seconds: count(LONGEST_DEADLINE_SECONDS)
    .optional()
    .meta({ description: "Limit of its processing time; passing it is reported, nothing is stopped." }),
});

export const publishBody = z.strictObject({
  pieces: count(MOST_PIECES)
    .optional()
    .meta({ description: "How many pieces there must be; refused with 409 if there are not so many." }),
});

export const failBody = z.strictObject({
  reason: storable(z.string().min(1, "must not be empty").max(500, "must have at most 500 characters"))
    .default(STOPPED)
    .meta({ description: "Why, for whoever looks at it later." }),
});

/** Lists, uploads, publish, retract, and what became of bad lines. */
export function batchesRoutes(services: BatchServices): BatchesRoutes {
  const { settings, jobs, tokens } = services;
  const authorize = requireWriteToken(tokens);
  let uploads = 0;

  async function takingTurns<T>(work: () => Promise<T>): Promise<T> {
    if (uploads >= MOST_UPLOADS) {
      throw new ProblemError("too-many-uploads", `This instance takes ${MOST_UPLOADS} bodies at once.`, {
        headers: { "Retry-After": "1" },
      });
    }
    uploads += 1;
    try {
      return await work();
    } finally {
      uploads -= 1;
    }
  }

  return {
    guard: (ctx, next) =>
      authorize(ctx, async () => {
        if (services.writes === undefined) {
          throw new ProblemError("read-only", "Batches are kept in another region; write there.", {
            headers: { "Retry-After": "60" },
          });
        }
        try {
          await next();
        } catch (error) {
          throw await batchProblem(error, services.writes);
        }
      }).finally(() => readAway(ctx)),

    async list(ctx) {
      const { limit = DEFAULT_LIMIT, cursor, feed, state } = readParameters(batchesParameters, ctx.querystring);
      acceptJson(ctx);
      const found = await listBatches(database(), {
        limit: limit + 1,
        ...(cursor === undefined ? {} : { before: cursor }),
        ...(feed === undefined ? {} : { feed }),
        ...(state === undefined ? {} : { state }),
      });
      const page = found.slice(0, limit);
      ctx.body = {
        batches: page.map((batch) => writeBatch(batch)),
        next_cursor: found.length > limit ? String(page.at(-1)?.id) : null,
      };
    },

    async show(ctx) {
      acceptJson(ctx);
      ctx.body = await shown(idOf(ctx));
    },

    async open(ctx) {
      if (ctx.is("json") || !ctx.get("Content-Type")) await openInPieces(ctx);
      else await openAsStream(ctx);
    },

    async piece(ctx) {
      const batchId = idOf(ctx);
      const number = numberOf(ctx.params.number, "number", MOST_PIECES);
      const format = formatOfBody(ctx);
      refuseLargeBody(ctx, MOST_PIECE_BYTES);
      const { body, signal } = bodyOf(ctx);
      const piece = { batchId, number, format, body, signal, maxBytes: MOST_PIECE_BYTES };
      const result = await takingTurns(() => thread().uploadPiece(piece)).catch((error: unknown) => {
        throw error instanceof HeaderError ? headerProblem(error, number) : error;
      });
      ctx.status = result === "same" ? 200 : 201;
      ctx.body =
        result === "same" ? { number } : { number, rows: result.rows, rejected: result.rejected, bytes: result.bytes };
    },

    async publish(ctx) {
      const batchId = idOf(ctx);
      const { pieces } = parse(publishBody, await readJson(ctx));
      await completeUpload(database(), batchId, pieces);
      const ended = await jobs?.run(batchId);
      await answerWith(ctx, batchId, ended ? 200 : 202);
    },

    async retract(ctx) {
      const batchId = idOf(ctx);
      const { deadlineMs } = ctx.state;
      const { retractableDays } = settings;
      await retractBatch(database().until(deadlineMs), batchId, {
        retractableDays,
      });
      ctx.body = await shown(batchId);
    },

    async fail(ctx) {
      const batchId = idOf(ctx);
      const { reason } = parse(failBody, await readJson(ctx));
      const { deadlineMs } = ctx.state;
      await failBatch(database().until(deadlineMs), batchId, reason, true);
      jobs?.giveBack(batchId);
      ctx.body = await shown(batchId);
    },

    async rejects(ctx) {
      const lines = readRejects(database(), idOf(ctx));
      // Read before the answer begins: it may be a problem.
      const { value: first = Buffer.alloc(0) } = await lines.next();
      ctx.type = first[0] === OPENING_BRACE ? "application/x-ndjson" : "text/csv";
      ctx.body = Readable.from(
        (async function* () {
          yield first;
          yield* lines;
        })(),
      );
    },
  };

  async function openInPieces(ctx: ApiContext): Promise<void> {
    const key = idempotencyKey(ctx);
    const { id } = await openUpload(database(), asUpload("pieces", key, parse(newBatch, await readJson(ctx))));
    await answerWith(ctx, id, 202);
  }

  async function openAsStream(ctx: ApiContext): Promise<void> {
    formatOfBody(ctx);
    refuseLargeBody(ctx, Number.MAX_SAFE_INTEGER);
    const key = idempotencyKey(ctx);
    const wanted = readParameters(newBatch, ctx.querystring);
    await takingTurns(async () => {
      const { id } = await openUpload(database(), asUpload("stream", key, wanted));
      await thread().uploadStream({ batchId: id, ...bodyOf(ctx) });
      try {
        await completeUpload(database(), id);
      } catch (error) {
        // Nothing can be sent again but all of it, as a new batch.
        if (error instanceof BadRowsError) await failBatch(database(), id, error.message, true);
        throw error;
      }
      await answerWith(ctx, id, 202);
    });
  }

  /** @throws {ProblemError} for a batch that failed, which is no success of any request. */
  async function answerWith(ctx: ApiContext, id: number, status: number): Promise<void> {
    const batch = await readBatch(database(), id);
    if (batch === undefined) throw new BatchNotFoundError(id);
    if (batch.state === "failed") {
      const lines = await readBadLines(database(), id, REPORTED_BAD_LINES);
      const forGood = lines.length === 0 ? "unreadable-body" : "bad-lines";
      const failure = batch.failure ?? `Batch ${id} failed.`;
      throw new ProblemError(batch.failed_for_good ? forGood : "batch-failed", failure, { lines });
    }
    ctx.status = status;
    ctx.set("Location", `/batches/${id}`);
    ctx.body = writeBatch(batch);
  }

  async function shown(id: number) {
    const batch = await readBatch(database(), id);
    if (batch === undefined) throw new BatchNotFoundError(id);
    return {
      ...writeBatch(batch, await readBadLines(database(), id, REPORTED_BAD_LINES)),
      error_counts: await countBadLines(database(), id),
    };
  }

  /** Behind the guard both are there. */
  function thread(): IngestThread {
    return services.thread as IngestThread;
  }

  function database(): Database {
    return services.writes as Database;
  }
}

function asUpload(kind: "pieces" | "stream", key: string, wanted: z.output<typeof newBatch>): NewUpload {
  const { feed, mode, source, max_bad_rows: maxBadRows, deadline_seconds: deadlineSeconds = null } = wanted;
  return { kind, key, feed, mode, source, maxBadRows, deadlineSeconds };
}

function idOf(ctx: ApiContext & { params: Record<string, string | undefined> }): number {
  return numberOf(ctx.params.id, "id", MOST_ID);
}

/** A whole number in the path. */
function numberOf(text: string | undefined, parameter: string, most: number): number {
  if (text !== undefined && /^\d{1,10}$/.test(text) && Number(text) <= most) return Number(text);
  const detail = `${parameter} must be a whole number from 0 to ${most}.`;
  throw parameterProblem([{ problem: "invalid-parameter", parameter, detail }]);
}

function parse<Schema extends z.ZodType>(schema: Schema, value: unknown): z.output<Schema> {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const mistakes = parsed.error.issues.map(
    (issue): ParameterMistake => ({
      problem: "malformed-body",
      parameter: issue.path.join(".") || (issue.code === "unrecognized_keys" ? issue.keys.join(", ") : "body"),
      detail: `${issue.path.join(".") || "The body"}: ${issue.message}.`,
    }),
  );
  throw parameterProblem(mistakes as [ParameterMistake, ...ParameterMistake[]]);
}
