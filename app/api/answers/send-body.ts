import type { IncomingMessage } from "node:http";
import type { ApiContext } from "../http/request.js";
import type { CompressibleBody, Encoding } from "./compressible-body.js";

/** What {@link sendBody} sends. `etag` tells whether a client has it already. */
export interface Sendable {
  readonly body: CompressibleBody;
  readonly contentType: string;
  readonly etag: string;
}

/**
 * Answers 200, or 304 if the client has the body already. Compresses it if the client accepts that. Does not set
 * Cache-Control or Vary.
 */
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

/** The encoding to use for a client. Brotli is preferred even if Accept-Encoding lists gzip first, as browsers do. */
export function takenEncoding(ctx: ApiContext): Encoding | undefined {
  if (ctx.req.headers["accept-encoding"] === undefined) return undefined;
  return ctx.acceptsEncodings("br") ? "br" : ctx.acceptsEncodings("gzip") ? "gzip" : undefined;
}

/**
 * True if the If-None-Match header of the request names `etag`.
 *
 * The comparison is weak (RFC 9110, 8.8.3.2). Koa's `fresh` is not used: it answers in full if the request has
 * `Cache-Control: no-cache`, and every `fetch` that sets If-None-Match adds this header.
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
