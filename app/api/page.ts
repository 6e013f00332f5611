import { loadStaticFiles, type StaticFile, sendStaticFile } from "./answers/static-files.js";
import type { Routed } from "./http/answer-methods.js";
import type { ApiContext, ApiMiddleware, ApiRoute } from "./http/request.js";

/** Handlers of the paths that people open in a browser. */
export interface PageRoutes {
  /** `GET /` */
  readonly index: ApiRoute;
  /** `GET /batches` for a browser. A request for JSON is passed on to the API. */
  readonly batches: ApiRoute;
  /** `GET /assets/:name` */
  readonly asset: ApiRoute;
  /** Answers a browser with a page, if there is no route for the path. */
  readonly notFound: ApiMiddleware;
}

/**
 * The web pages: HTML files, and assets that never change.
 * @param tokensExist false if this server refuses every token, so that asking for one would be useless
 */
export async function pageRoutes(tokensExist: boolean): Promise<PageRoutes> {
  const files = await loadStaticFiles("page");
  return {
    index: (ctx) => send(ctx, files.get("index.html")),
    async batches(ctx, next) {
      ctx.vary("Accept");
      if (!asksForHtml(ctx)) return next();
      await send(ctx, files.get(tokensExist ? "batches.html" : "no-tokens.html"));
    },
    asset: (ctx) => send(ctx, files.get(`assets/${ctx.params.name}`)),
    async notFound(ctx: ApiContext & Routed, next) {
      if (ctx.matched?.length || !asksForHtml(ctx)) return next();
      await send(ctx, files.get("not-found.html"));
      ctx.status = 404;
      ctx.remove("ETag");
    },
  };
}

/** Tools that accept anything get JSON. Only browsers ask for HTML by name. */
function asksForHtml(ctx: ApiContext): boolean {
  return ctx.accepts("application/json", "text/html") === "text/html";
}

/** Sends the file. If it is undefined, the request is passed on without an answer and ends as 404. */
async function send(ctx: ApiContext, file: StaticFile | undefined): Promise<void> {
  if (file !== undefined) await sendStaticFile(ctx, file);
}
