import type { Format } from "../../ingest/parse/header-reader.js";
import { ProblemError } from "../http/problems.js";
import { ClientGoneError, chunksOf } from "../http/read-body.js";
import type { ApiContext } from "../http/request.js";

const ENCODINGS = new Set(["", "identity", "gzip", "x-gzip", "zstd"]);

/** The format of a body of prices, by its headers. @throws {ProblemError} if it is none that can be loaded. */
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
  /** Its size, if the client tells. */
  readonly bytes?: number;
  /** Aborted once the client is gone before its body ended, and before `body` throws for it. */
  readonly signal: AbortSignal;
}

/** The body of a request. That its client left can be told from every other error that comes up while it is read. */
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
  return { body: read(), ...(bytes === undefined ? {} : { bytes }), signal: controller.signal };
}

const READ_AWAY_MS = 5_000;

/**
 * Reads and drops the rest of a body that was answered before its end. Closing a connection with unread bytes would
 * reset it, and the client would lose its answer. After the rest the client can send its next request; if it still
 * sends the body five seconds after its answer, its connection is closed.
 */
export function readAway({ req, res }: ApiContext): void {
  if (req.complete || req.destroyed) return;
  // A reader that still waits for a chunk would otherwise pause the rest when it lets go of the request.
  req.on("data", () => {});
  req.resume();
  res.once("finish", () => {
    const timer = setTimeout(() => req.destroy(), READ_AWAY_MS);
    for (const event of ["end", "close"]) req.once(event, () => clearTimeout(timer));
  });
}
