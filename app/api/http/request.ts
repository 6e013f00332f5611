import type { RouterMiddleware } from "@koa/router";
import type Koa from "koa";

/** State of one API request, in addition to what Koa keeps. */
export interface RequestState {
  /** The client's own id if it is valid, else a new one. It is in the X-Request-Id header and in every log line. */
  id: string;
  /** On the scale of performance.now(), like all instants here, because the system clock may be changed. */
  startedAtMs: number;
  /** No attempt at the database starts after this instant. */
  deadlineMs: number;
  /** Template of the path, for the metrics, if it was found without the router. The router stores its own. */
  route?: string;
  /** Parts of the Server-Timing header, each followed by ", "; empty if there are none. */
  timings: string;
}

/** A request and its answer, as Koa hands them to every middleware. */
export type ApiContext = Koa.ParameterizedContext<RequestState>;
/** A handler that every request passes. */
export type ApiMiddleware = Koa.Middleware<RequestState>;
/** A handler of one path; `ctx.params` has the parameters of the path. */
export type ApiRoute = RouterMiddleware<RequestState>;
