import type { RouterMiddleware } from "@koa/router";
import type Koa from "koa";

/** What belongs to one request of the API, beside what Koa keeps. */
export interface RequestState {
  /** The client's own if it is sane, else made here; in the X-Request-Id header and in every log line. */
  id: string;
  /** On the scale of performance.now(), as all instants here: the clock may be set meanwhile. */
  startedAtMs: number;
  /** After this no further attempt is made. */
  deadlineMs: number;
  /** The path, if it was found without the router, which leaves its own note. */
  route?: string;
  /** Parts of the Server-Timing header, ready to print; empty for none. */
  timings: string;
}

export type ApiContext = Koa.ParameterizedContext<RequestState>;
/** For every request. */
export type ApiMiddleware = Koa.Middleware<RequestState>;
/** For one path; sees the path's parameters in `ctx.params`. */
export type ApiRoute = RouterMiddleware<RequestState>;
