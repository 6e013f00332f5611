import type { IncomingMessage } from "node:http";
import type { ApiContext } from "../http/request.js";
import type { CompressibleBody, Encoding } from "./compressible-body.js";

/** The parts of an answer that a client may already have. */
export interface Sendable {
  readonly body: CompressibleBody;
  readonly contentType: string;
  readonly etag: string;
}

/** Answers 200, or 304 to a client that has it, compressed for one that takes that. Sets neither caching nor Vary. */
export async function sendBody(ctx: ApiContext, { body, contentType, etag }: Sendable): Promise<void> {
  const { res, req } = ctx;
  ctx.status = 200;
  res.setHeader("ETag", etag);
  if (hasAnswer(req, etag)) {
    ctx.status = 304;
    return;
  }
  res.setHeader("Content-Type", contentType);
  let { bytes } = body;
  if (body.compressible) {
    const encoding = takenEncoding(ctx);
    if (encoding !== undefined) {
      res.setHeader("Content-Encoding", encoding);
      bytes = await body.encoded(encoding);
    }
  }
  ctx.body = bytes;
}

/** Brotli for each client that takes it, even if the header lists gzip first, as browsers do. */
export function takenEncoding(ctx: ApiContext): Encoding | undefined {
  if (ctx.req.headers["accept-encoding"] === undefined) return undefined;
  return ctx.acceptsEncodings("br") ? "br" : ctx.acceptsEncodings("gzip") ? "gzip" : undefined;
}

/**
 * True if the client has what `etag` names, by its If-None-Match.
 *
 * Weak comparison (RFC 9110, 8.8.3.2). Koa's `fresh` would send a full answer to each request with
 * `Cache-Control: no-cache`, which every `fetch` adds that sets If-None-Match.
 */
export function hasAnswer(req: IncomingMessage, etag: string): boolean {
  const ifNoneMatch = req.headers["if-none-match"];
  if (ifNoneMatch === undefined) return false;
  const wanted = etag.replace(/^W\//, "");
  return ifNoneMatch.split(",").some((given) => {
    const tag = given.trim();
    return tag === "*" || tag.replace(/^W\//, "") === wanted;
  });
}
