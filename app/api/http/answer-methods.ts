import { ProblemError } from "./problems.js";
import type { ApiContext, ApiMiddleware } from "./request.js";

/** What @koa/router notes on the context of a request: all routes of its path. */
interface Routed {
  readonly matched?: readonly { readonly methods: readonly string[] }[];
}

/** Answers OPTIONS for every path that exists, and 405 for the methods it does not have. */
export const answerMethods: ApiMiddleware = async function answerMethods(ctx: ApiContext, next) {
  await next();
  if (ctx.body !== undefined || ctx.status !== 404) return;
  const methods = new Set((ctx as ApiContext & Routed).matched?.flatMap((layer) => layer.methods));
  if (methods.size === 0 || methods.has(ctx.method)) return;
  const allow = [...methods.add("OPTIONS")].sort().join(", ");
  if (ctx.method !== "OPTIONS") {
    throw new ProblemError("method-not-allowed", `${ctx.path} has ${allow}.`, { headers: { Allow: allow } });
  }
  ctx.status = 204;
  ctx.set({
    Allow: allow,
    "Access-Control-Allow-Methods": "GET, HEAD, OPTIONS",
    "Access-Control-Allow-Headers": "If-None-Match, X-Request-Id",
    "Access-Control-Max-Age": "86400",
  });
};
