import type { ApiContext } from "./request.js";
import { shorten } from "./shorten.js";

const MOST_URL_CHARACTERS = 500;

/** The fields by which a line of the log names its request. */
export function requestFields(ctx: ApiContext): { request_id: string; url: string } {
  return { request_id: ctx.state.id, url: shorten(ctx.originalUrl, MOST_URL_CHARACTERS) };
}
