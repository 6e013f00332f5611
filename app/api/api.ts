import { Router } from "@koa/router";
import type { Knex } from "knex";
import Koa from "koa";
import type pg from "pg";
import type { RequestHandler } from "../bounded-server.js";
import type { ReadSide } from "../database/read-side.js";
import type { IngestThread } from "../ingest/uploads/ingest-thread.js";
import type { Settings } from "../settings.js";
import type { Logger } from "../telemetry/logger.js";
import type { AnswerCache } from "./answers/answer-cache.js";
import { RepeatedRequests } from "./answers/repeated-requests.js";
import { batchesRoutes } from "./batches/batches.js";
import type { PublishJobs } from "./batches/publish-jobs.js";
import type { WriteTokens } from "./batches/write-tokens.js";
import { docsRoutes } from "./docs/docs.js";
import { answerMethods } from "./http/answer-methods.js";
import { answerPaths } from "./http/answer-paths.js";
import { answerProblems } from "./http/answer-problems.js";
import { ClientAddress } from "./http/client-address.js";
import { limitRate, RateLimiter } from "./http/limit-rate.js";
import { observeRequests, RequestObserver } from "./http/observe-requests.js";
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
  readonly writes: pg.Pool | undefined;
  /** What loads uploads; undefined without `writes`. */
  readonly thread: IngestThread | undefined;
  /** What goes on behind requests to publish; undefined without `writes`. */
  readonly jobs: PublishJobs | undefined;
  readonly tokens: WriteTokens;
  readonly isDraining: () => boolean;
}

/** The API, to be listened with. */
export async function createApi(services: ApiServices): Promise<RequestHandler> {
  const { settings, logger, load, isDraining, answers } = services;
  const observer = new RequestObserver({ requestTimeoutMs: settings.requestTimeoutMs, logger });
  const limit = { perSecond: settings.rateLimitPerSecond, burst: settings.rateLimitBurst };
  const limiter =
    limit.perSecond === 0 ? undefined : new RateLimiter(limit, new ClientAddress(settings.trustedProxies));
  const repeated = new RepeatedRequests({ answers, load, observer, limiter, isDraining });
  const app = new Koa<RequestState>();
  // Reached only by what breaks while a body is on its way; everything else is a problem document.
  app.on("error", (error: NodeJS.ErrnoException, ctx: ApiContext) => {
    const left = error.code === "ERR_STREAM_PREMATURE_CLOSE" || error === ctx.req.socket.errored;
    if (left) logger.info(requestFields(ctx), "the client left in the middle of its answer");
    else logger.warn({ ...requestFields(ctx), error }, "an answer broke off");
  });

  app.use(observeRequests(observer, isDraining));
  app.use(setHeaders);
  app.use(answerProblems(logger));
  app.use(shedLoad(load));
  if (limiter !== undefined) app.use(limitRate(limiter));
  const data = dataRoutes(services, repeated);
  app.use(answerPaths(data));
  app.use(answerMethods);
  app.use((await createRouter(services, data)).routes());
  const answerByLayers = app.callback();
  return (req, res) => {
    if (!repeated.answer(req, res)) void answerByLayers(req, res);
  };
}

/** Paths without parameters, asked by programs. */
function dataRoutes(api: ApiServices, repeated: RepeatedRequests): ReadonlyMap<string, ApiRoute> {
  const services = { ...api, repeated };
  return new Map([
    ["/rates", ratesRoute(services)],
    ["/ports", portsRoute(services, api.knex)],
    ["/regions", regionsRoute(services, api.knex)],
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
