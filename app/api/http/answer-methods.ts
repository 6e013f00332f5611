import { ProblemError } from "./problems.js";
import type { ApiContext, ApiMiddleware } from "./request.js";

/** What @koa/router stores in the context of a request: all routes that match its path. */
export interface Routed {
  readonly matched?: readonly { readonly methods: readonly string[] }[];
}

/** Answers OPTIONS for every existing path, and 405 for a method that the path does not have. */
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
