import type { Format } from "../../ingest/parse/header-reader.js";
import { ProblemError } from "../http/problems.js";
import { ClientGoneError, chunksOf } from "../http/read-body.js";
import type { ApiContext } from "../http/request.js";

const ENCODINGS = new Set(["", "identity", "gzip", "x-gzip", "zstd"]);

/** Reads the format of a body of prices from the headers. @throws {ProblemError} if that format cannot be loaded. */
export function formatOfBody(ctx: ApiContext): Format {
  if (!ENCODINGS.has(ctx.get("Content-Encoding").toLowerCase())) {
    throw new ProblemError("unsupported-media-type", "Content-Encoding must be gzip or zstd.", {
      headers: { "Accept-Encoding": "gzip, zstd" },
    });
  }
  if (ctx.is("text/csv")) return "csv";
  if (ctx.is("application/x-ndjson")) return "ndjson";
  throw new ProblemError("unsupported-media-type", "Content-Type must be text/csv or application/x-ndjson.");
}

/** A body of prices as its client sends it. */
export interface ClientBody {
  readonly body: AsyncIterable<Buffer>;
  /** Size in bytes, if the client states it. */
  readonly bytes?: number;
  /** Aborted when the client closes the connection before its body ended; `body` throws after this. */
  readonly signal: AbortSignal;
  /** Milliseconds that the request allows for reaching the database before the body is read. */
  readonly patienceMs: number;
}

/** The body of a request. Its `signal` lets callers tell a client that left from every other error while they read. */
export function bodyOf(ctx: ApiContext): ClientBody {
  const controller = new AbortController();
  const abort = () => controller.abort(new ClientGoneError());
  ctx.req.once("close", () => {
    if (!ctx.req.complete) abort();
  });
  async function* read(): AsyncIterable<Buffer> {
    try {
      yield* chunksOf(ctx);
    } catch (error) {
      abort();
      throw error;
    }
  }
  const bytes = ctx.request.length;
  const patienceMs = Math.max(0, ctx.state.deadlineMs - performance.now());
  return { body: read(), ...(bytes === undefined ? {} : { bytes }), signal: controller.signal, patienceMs };
}

const READ_AWAY_MS = 5_000;

/**
 * Reads and drops the rest of a body that was answered before its end. If the connection were closed with unread bytes,
 * it would be reset and the client would lose its answer. After the rest of the body, the client can send its next
 * request. If the client still sends the body five seconds after its answer, the connection is closed.
 */
export function readAway({ req, res }: ApiContext): void {
  if (req.complete || req.destroyed) return;
  // Without a listener, a reader that waits for a chunk would pause the request when it stops, and the rest would not
  // be read.
  req.on("data", () => {});
  req.resume();
  res.once("finish", () => {
    const timer = setTimeout(() => req.destroy(), READ_AWAY_MS);
    for (const event of ["end", "close"]) req.once(event, () => clearTimeout(timer));
  });
}
