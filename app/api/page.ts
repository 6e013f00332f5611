import { loadStaticFiles, type StaticFile, sendStaticFile } from "./answers/static-files.js";
import type { ApiContext, ApiRoute } from "./http/request.js";

/** Handlers of the paths that browsers open. */
export interface PageRoutes {
  /** `GET /` */
  readonly index: ApiRoute;
  /** `GET /batches` for a browser; a request for JSON goes on to the API. */
  readonly batches: ApiRoute;
  /** `GET /assets/:name` */
  readonly asset: ApiRoute;
}

/** The web page: two HTML files, and assets that never change. */
export async function pageRoutes(): Promise<PageRoutes> {
  const files = await loadStaticFiles("page");
  return {
    index: (ctx) => send(ctx, files.get("index.html")),
    async batches(ctx, next) {
      ctx.vary("Accept");
      // Tools that take anything get JSON: only a browser names HTML.
      if (ctx.accepts("application/json", "text/html") !== "text/html") return next();
      await send(ctx, files.get("batches.html"));
    },
    asset: (ctx) => send(ctx, files.get(`assets/${ctx.params.name}`)),
  };
}

/** Leaves the request without an answer if there is no such file; it is then answered 404. */
async function send(ctx: ApiContext, file: StaticFile | undefined): Promise<void> {
  if (file !== undefined) await sendStaticFile(ctx, file);
}
