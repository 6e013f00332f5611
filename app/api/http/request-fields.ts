import type { ApiContext } from "./request.js";
import { shorten } from "./shorten.js";

const MOST_URL_CHARACTERS = 500;

/** What a line of the log says of its request. */
export function requestFields(ctx: ApiContext): { request_id: string; url: string } {
  return { request_id: ctx.state.id, url: shorten(ctx.originalUrl, MOST_URL_CHARACTERS) };
}
