import type { ApiContext } from "../http/request.js";
import type { CompressibleBody } from "./compressible-body.js";

/** A body with the headers that belong to it. A client that has it already is answered 304. */
export interface Sendable {
  readonly body: CompressibleBody;
  readonly contentType: string;
  readonly etag: string;
}

/**
 * Answers with a body, compressed if the client takes that, or with 304 if its If-None-Match says that it has the body.
 * The caller sets Cache-Control and Vary.
 */
export async function sendBody(ctx: ApiContext, { body, contentType, etag }: Sendable): Promise<void> {
  const { res, req } = ctx;
  ctx.status = 200;
  res.setHeader("ETag", etag);
  const known = req.headers["if-none-match"];
  if (known !== undefined && matches(known, etag)) {
    ctx.status = 304;
    return;
  }
  res.setHeader("Content-Type", contentType);
  let { bytes } = body;
  if (body.compressible && req.headers["accept-encoding"] !== undefined) {
    // Brotli if the client takes both, in any order: browsers list gzip first.
    const encoding = ctx.acceptsEncodings("br") ? "br" : ctx.acceptsEncodings("gzip") ? "gzip" : undefined;
    if (encoding !== undefined) {
      res.setHeader("Content-Encoding", encoding);
      bytes = await body.encoded(encoding);
    }
  }
  ctx.body = bytes;
}

/**
 * Weak comparison (RFC 9110, 8.8.3.2). Not Koa's `fresh`: it is false for every request with `Cache-Control: no-cache`,
 * which `fetch` adds by itself to a request that sets If-None-Match.
 */
function matches(ifNoneMatch: string, etag: string): boolean {
  const wanted = etag.replace(/^W\//, "");
  return ifNoneMatch.split(",").some((given) => {
    const tag = given.trim();
    return tag === "*" || tag.replace(/^W\//, "") === wanted;
  });
}
