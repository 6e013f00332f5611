import { loadStaticFiles, type StaticFile, sendStaticFile } from "./answers/static-files.js";
import type { ApiContext, ApiRoute } from "./http/request.js";

export interface PageRoutes {
  /** `GET /` */
  readonly index: ApiRoute;
  /** `GET /batches` for a browser; passes on what asks for JSON. */
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

/** Without the file nothing is answered, which ends as 404. */
async function send(ctx: ApiContext, file: StaticFile | undefined): Promise<void> {
  if (file !== undefined) await sendStaticFile(ctx, file);
}
