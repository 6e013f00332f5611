import { loadStaticFiles, type StaticFile, sendStaticFile } from "./answers/static-files.js";
import type { ApiContext, ApiRoute } from "./http/request.js";

/** Handlers of the paths that people open in a browser. */
export interface PageRoutes {
  /** `GET /` */
  readonly index: ApiRoute;
  /** `GET /batches` for a browser. A request for JSON is passed on to the API. */
  readonly batches: ApiRoute;
  /** `GET /assets/:name` */
  readonly asset: ApiRoute;
}

/** The web pages: two HTML files, and assets that never change. */
export async function pageRoutes(): Promise<PageRoutes> {
  const files = await loadStaticFiles("page");
  return {
    index: (ctx) => send(ctx, files.get("index.html")),
    async batches(ctx, next) {
      ctx.vary("Accept");
      // Tools that accept anything get JSON. Only browsers ask for HTML by name.
      if (ctx.accepts("application/json", "text/html") !== "text/html") return next();
      await send(ctx, files.get("batches.html"));
    },
    asset: (ctx) => send(ctx, files.get(`assets/${ctx.params.name}`)),
  };
}

/** Sends the file. If it is undefined, the request is passed on without an answer and ends as 404. */
async function send(ctx: ApiContext, file: StaticFile | undefined): Promise<void> {
  if (file !== undefined) await sendStaticFile(ctx, file);
}
