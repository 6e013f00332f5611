import type { ApiContext } from "./request.js";
import { shorten } from "./shorten.js";

const MOST_URL_CHARACTERS = 500;

/** Fields that identify a request in a log line. */
export interface RequestFields {
  readonly request_id: string;
  readonly url: string;
}

/** Fields of a log line about a request that Koa handles. */
export function requestFields(ctx: ApiContext): RequestFields {
  return fieldsOf(ctx.state.id, ctx.originalUrl);
}

/** Fields of a log line. @param url path and query of the request; they are shortened. */
export function fieldsOf(id: string, url: string): RequestFields {
  return { request_id: id, url: shorten(url, MOST_URL_CHARACTERS) };
}
