import type { RouterMiddleware } from "@koa/router";
import type Koa from "koa";

/** What belongs to one request of the API, beside what Koa keeps. */
export interface RequestState {
  /** The client's own if it is sane, else made here; in the X-Request-Id header and in every log line. */
  id: string;
  /** On the scale of performance.now(), as all instants here, because the system's clock may be set meanwhile. */
  startedAtMs: number;
  /** After this instant no further attempt at the database is made. */
  deadlineMs: number;
  /** The path, for the metrics, if it was found without the router. The router notes its paths by itself. */
  route?: string;
  /** Parts of the Server-Timing header, ready to print; empty for none. */
  timings: string;
}

/** A request and its answer, as Koa hands them to every middleware. */
export type ApiContext = Koa.ParameterizedContext<RequestState>;
/** A step that every request passes. */
export type ApiMiddleware = Koa.Middleware<RequestState>;
/** A handler of one path, with the parameters of the path in `ctx.params`. */
export type ApiRoute = RouterMiddleware<RequestState>;
