import type { Format } from "../../ingest/parse/header-reader.js";
import { type ParameterMistake, ProblemError, parameterProblem } from "../http/problems.js";
import type { ApiContext } from "../http/request.js";

const ENCODINGS = new Set(["", "identity", "gzip", "x-gzip", "zstd"]);

/** The format that the headers of a body of prices tell. @throws {ProblemError} for anything else. */
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

/** Refuses a body that says itself that it is too large, before a byte of it is read. @throws {ProblemError} */
export function refuseLargeBody(ctx: ApiContext, maxBytes: number): void {
  if (ctx.request.length === undefined || ctx.request.length <= maxBytes) return;
  throw new ProblemError("content-too-large", `A body may have ${maxBytes} bytes; send it in several pieces.`);
}

/**
 * The client's key, which makes a repeated request find what the first one made. A structured string in quotes, as
 * https://datatracker.ietf.org/doc/draft-ietf-httpapi-idempotency-key-header/ has it, or the bare characters.
 */
export function idempotencyKey(ctx: ApiContext): string {
  const header = ctx.get("Idempotency-Key").trim();
  const key = /^"(.*)"$/.exec(header)?.[1] ?? header;
  if (/^[\x21-\x7e]{1,200}$/.test(key)) return key;
  const mistake: ParameterMistake = {
    problem: key === "" ? "missing-parameter" : "invalid-parameter",
    parameter: "Idempotency-Key",
    detail: "The header Idempotency-Key must be 1 to 200 visible ASCII characters, new for each batch.",
  };
  throw parameterProblem([mistake]);
}

const MOST_JSON_BYTES = 64 * 1024;

/** The body as JSON; an empty one is an empty object. @throws {ProblemError} */
export async function readJson(ctx: ApiContext): Promise<unknown> {
  refuseLargeBody(ctx, MOST_JSON_BYTES);
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of chunksOf(ctx)) {
    bytes += chunk.length;
    if (bytes > MOST_JSON_BYTES) throw new ProblemError("content-too-large", "The JSON is too large.");
    chunks.push(chunk);
  }
  if (bytes === 0) return {};
  try {
    return JSON.parse(Buffer.concat(chunks).toString("utf8"));
  } catch (error) {
    throw new ProblemError("malformed-body", `The body is not JSON: ${(error as Error).message}`, { cause: error });
  }
}

export interface ClientBody {
  readonly body: AsyncIterable<Buffer>;
  /** Its size, if the client tells. */
  readonly bytes?: number;
  /** Aborted once the client is gone before its body ended, and before `body` throws for it. */
  readonly signal: AbortSignal;
}

/** The body of a request, whose break is told from any other error while it is read. */
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

/** Whoever stops in the middle leaves the connection alone, so that an answer can still be given. */
function chunksOf(ctx: ApiContext): AsyncIterable<Buffer> {
  return ctx.req.iterator({ destroyOnReturn: false });
}

const READ_AWAY_MS = 5_000;

/**
 * Reads away what is left of a body that was answered before its end: a connection that is closed with bytes unread is
 * reset, and takes the answer with it. The client may go on with its next request; one that is still sending five
 * seconds after its answer is cut.
 */
export function readAway({ req, res }: ApiContext): void {
  if (req.complete || req.destroyed) return;
  // Also what is left once somebody who still waits for a chunk has let go of it.
  req.on("data", () => {});
  req.resume();
  res.once("finish", () => {
    const timer = setTimeout(() => req.destroy(), READ_AWAY_MS);
    for (const event of ["end", "close"]) req.once(event, () => clearTimeout(timer));
  });
}

/** Nobody is left to answer. */
export class ClientGoneError extends Error {
  constructor() {
    super("The client went away in the middle of its body.");
    this.name = "ClientGoneError";
  }
}
