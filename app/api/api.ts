import { Router } from "@koa/router";
import type { Knex } from "knex";
import Koa from "koa";
import type { Database } from "../database/database.js";
import type { ReadSide } from "../database/read-side.js";
import type { IngestThread } from "../ingest/uploads/ingest-thread.js";
import type { Settings } from "../settings.js";
import type { Logger } from "../telemetry/logger.js";
import type { AnswerCache } from "./answers/answer-cache.js";
import { batchesRoutes } from "./batches/batches.js";
import type { PublishJobs } from "./batches/publish-jobs.js";
import type { WriteTokens } from "./batches/write-tokens.js";
import { docsRoutes } from "./docs/docs.js";
import { answerMethods } from "./http/answer-methods.js";
import { answerPaths } from "./http/answer-paths.js";
import { answerProblems } from "./http/answer-problems.js";
import { ClientAddress } from "./http/client-address.js";
import { limitRate } from "./http/limit-rate.js";
import { observeRequests } from "./http/observe-requests.js";
import type { ApiContext, ApiRoute, RequestState } from "./http/request.js";
import { requestFields } from "./http/request-fields.js";
import { setHeaders } from "./http/set-headers.js";
import { type Load, shedLoad } from "./http/shed-load.js";
import { pageRoutes } from "./page.js";
import { portsRoute } from "./places/ports.js";
import { regionsRoute } from "./places/regions.js";
import { ratesRoute } from "./rates/rates.js";

export interface ApiServices {
  readonly settings: Settings;
  readonly logger: Logger;
  readonly reads: ReadSide;
  readonly answers: AnswerCache;
  readonly load: Load;
  /** Builds statements; the read side runs them. */
  readonly knex: Knex;
  /** The primary, for batches; undefined where nothing can be written, as in a second region. */
  readonly writes: Database | undefined;
  /** What loads uploads; undefined without `writes`. */
  readonly thread: IngestThread | undefined;
  /** What goes on behind requests to publish; undefined without `writes`. */
  readonly jobs: PublishJobs | undefined;
  readonly tokens: WriteTokens;
  readonly isDraining: () => boolean;
}

/** The API as a Koa application, not yet listening. */
export async function createApi(services: ApiServices): Promise<Koa<RequestState>> {
  const { settings, logger, load } = services;
  const app = new Koa<RequestState>();
  // Reached only by what breaks while a body is on its way; everything else is a problem document.
  app.on("error", (error: NodeJS.ErrnoException, ctx: ApiContext) => {
    const left = error.code === "ERR_STREAM_PREMATURE_CLOSE" || error === ctx.req.socket.errored;
    if (left) logger.info(requestFields(ctx), "the client left in the middle of its answer");
    else logger.warn({ ...requestFields(ctx), error }, "an answer broke off");
  });

  app.use(observeRequests({ requestTimeoutMs: settings.requestTimeoutMs, isDraining: services.isDraining, logger }));
  app.use(setHeaders);
  app.use(answerProblems(logger));
  app.use(shedLoad(load));
  const limit = limitRate(
    { perSecond: settings.rateLimitPerSecond, burst: settings.rateLimitBurst },
    new ClientAddress(settings.trustedProxies),
  );
  if (limit !== undefined) app.use(limit);
  const data = dataRoutes(services);
  app.use(answerPaths(data));
  app.use(answerMethods);
  app.use((await createRouter(services, data)).routes());
  return app;
}

/** Paths without parameters, asked by programs. */
function dataRoutes(services: ApiServices): ReadonlyMap<string, ApiRoute> {
  return new Map([
    ["/rates", ratesRoute(services)],
    ["/ports", portsRoute(services, services.knex)],
    ["/regions", regionsRoute(services, services.knex)],
  ]);
}

async function createRouter(services: ApiServices, data: ReadonlyMap<string, ApiRoute>): Promise<Router<RequestState>> {
  const page = await pageRoutes();
  const docs = await docsRoutes();
  const batches = batchesRoutes(services);
  const router = new Router<RequestState>();
  for (const [path, route] of data) router.get(path, route);
  return router
    .get("/openapi.json", docs.openApi)
    .get("/docs", docs.viewer)
    .get("/docs/errors", docs.errors)
    .get("/docs/assets/:name", docs.asset)
    .get("/", page.index)
    .get("/batches", page.batches, batches.guard, batches.list)
    .post("/batches", batches.guard, batches.open)
    .get("/batches/:id", batches.guard, batches.show)
    .put("/batches/:id/pieces/:number", batches.guard, batches.piece)
    .post("/batches/:id/publish", batches.guard, batches.publish)
    .post("/batches/:id/retract", batches.guard, batches.retract)
    .post("/batches/:id/fail", batches.guard, batches.fail)
    .get("/batches/:id/rejects", batches.guard, batches.rejects)
    .get("/assets/:name", page.asset);
}
