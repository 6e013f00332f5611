import type { ApiContext, ApiMiddleware, ApiRoute } from "./request.js";

/**
 * Answers GET and HEAD of the paths that are asked most, which one look-up finds. The router would match the patterns
 * of all paths and make a chain of handlers for each request, an eighth of the time of an answer from memory. It
 * knows these paths too, for their other methods.
 */
export function answerPaths(routes: ReadonlyMap<string, ApiRoute>): ApiMiddleware {
  return function answerPath(ctx: ApiContext, next) {
    const { path } = ctx;
    const route = routes.get(path);
    if (route === undefined || (ctx.method !== "GET" && ctx.method !== "HEAD")) return next();
    ctx.state.route = path;
    return (route as ApiMiddleware)(ctx, next);
  };
}
