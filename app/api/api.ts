import { Router } from "@koa/router";
import Koa from "koa";
import type { RequestHandler } from "../bounded-server.js";
import type { Settings } from "../settings.js";
import type { Logger } from "../telemetry/logger.js";
import { FastPath } from "./answers/fast-path.js";
import { batchHandlers, batchOperations } from "./batches/batch-routes.js";
import type { WriteSide } from "./batches/write-side.js";
import type { WriteTokens } from "./batches/write-tokens.js";
import { docsRoutes } from "./docs/docs.js";
import { answerMethods } from "./http/answer-methods.js";
import { answerPaths } from "./http/answer-paths.js";
import { answerProblems } from "./http/answer-problems.js";
import { ClientAddress } from "./http/client-address.js";
import { limitRate, RateLimiter } from "./http/limit-rate.js";
import { observeRequests, RequestObserver } from "./http/observe-requests.js";
import type { Operation } from "./http/operation.js";
import type { ApiContext, ApiRoute, RequestState } from "./http/request.js";
import { requestFields } from "./http/request-fields.js";
import { setHeaders } from "./http/set-headers.js";
import { shedLoad } from "./http/shed-load.js";
import { type PageRoutes, pageRoutes } from "./page.js";
import { getPort } from "./places/port.js";
import { listPorts } from "./places/ports.js";
import { listRegions } from "./places/regions.js";
import { getLanes, getLanesCsv } from "./rates/get-lanes.js";
import { getRates, getRatesCsv } from "./rates/get-rates.js";
import type { RatesServices } from "./rates/rates-route.js";

/** Everything that the API needs in order to answer requests. */
export interface ApiServices extends Omit<RatesServices, "fastPath"> {
  readonly settings: Settings;
  readonly logger: Logger;
  /** Undefined if this instance cannot write batches, as in a second region. */
  readonly writes: WriteSide | undefined;
  readonly tokens: WriteTokens;
  readonly isDraining: () => boolean;
}

/** Operations that read the data. {@link answerPaths} finds each with one look-up in a map. */
const dataOperations: readonly Operation<RatesServices>[] = [
  getRates,
  getRatesCsv,
  getLanes,
  getLanesCsv,
  listPorts,
  listRegions,
];
/** The same, but with a parameter in the path, so that only the router finds it. */
const placeOperations: readonly Operation<RatesServices>[] = [getPort];

/** Builds the API. The result is the request handler for an HTTP server. */
export async function createApi(services: ApiServices): Promise<RequestHandler> {
  const { settings, logger, load, isDraining, answers } = services;
  const observer = new RequestObserver({ requestTimeoutMs: settings.requestTimeoutMs, logger });
  const limit = { perSecond: settings.rateLimitPerSecond, burst: settings.rateLimitBurst };
  const limiter =
    limit.perSecond === 0 ? undefined : new RateLimiter(limit, new ClientAddress(settings.trustedProxies));
  const fastPath = new FastPath({ answers, load, observer, limiter, isDraining });
  const app = new Koa<RequestState>();
  // Only errors in the middle of an answer's body arrive here. All other errors were answered with a problem document.
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
  const routes = (operations: readonly Operation<RatesServices>[]) =>
    new Map(operations.map(({ path, route }) => [path, route({ ...services, fastPath })]));
  const data = routes(dataOperations);
  app.use(answerPaths(data));
  app.use(answerMethods);
  const page = await pageRoutes(services.tokens.exist);
  app.use((await createRouter(services, new Map([...data, ...routes(placeOperations)]), page)).routes());
  app.use(page.notFound);
  const answerByLayers = app.callback();
  return (req, res) => {
    if (!fastPath.answer(req, res)) void answerByLayers(req, res);
  };
}

async function createRouter(
  services: ApiServices,
  data: ReadonlyMap<string, ApiRoute>,
  page: PageRoutes,
): Promise<Router<RequestState>> {
  const docs = await docsRoutes([...dataOperations, ...placeOperations, ...batchOperations]);
  const router = new Router<RequestState>();
  for (const [path, route] of data) router.get(routerPath(path), route);
  // This route comes before the API operation of the same path. It passes requests on that do not ask for HTML.
  router.get("/batches", page.batches);
  for (const operation of batchOperations) {
    const handlers = [...batchHandlers(operation, services.tokens, services.writes)];
    router.register(routerPath(operation.path), [operation.method], handlers);
  }
  return router
    .get("/openapi.json", docs.openApi)
    .get("/docs", docs.viewer)
    .get("/docs/errors", docs.errors)
    .get("/docs/assets/:name", docs.asset)
    .get("/", page.index)
    .get("/assets/:name", page.asset);
}

/** `/ports/{code}` as the router writes it: `/ports/:code`. */
function routerPath(path: string): string {
  return path.replaceAll(/\{(\w+)\}/g, ":$1");
}
