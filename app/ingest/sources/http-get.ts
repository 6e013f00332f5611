import { unescape as percentDecode } from "node:querystring";
import type { Dispatcher } from "undici";
import { causeOf } from "./resuming-read.js";
import { SourceError, SourceUnavailableError } from "./source-error.js";

/** An answer of a server: status, headers and body. */
export type HttpAnswer = Dispatcher.ResponseData;

const MOST_REDIRECTIONS = 10;
/** Codes of undici and of Node.js' URL for an address that cannot be asked, or was asked before. */
const NO_ADDRESS = new Set(["UND_ERR_INVALID_ARG", "ERR_INVALID_URL"]);

/** The library is imported at the first request: otherwise every command would spend a fifth of its start on it. */
async function openClient() {
  const { Agent, interceptors, request } = await import("undici");
  const dispatcher = new Agent().compose(interceptors.redirect({ maxRedirections: MOST_REDIRECTIONS }));
  return { dispatcher, request };
}

let client: ReturnType<typeof openClient> | undefined;

/**
 * Requests the bytes at an HTTP address as they are stored. `fetch` cannot be used: it unpacks content with a
 * Content-Encoding, while ranges count stored bytes.
 * @throws {SourceUnavailableError} if there is no answer.
 * @throws {SourceError} if it redirects in a circle, or to what is no HTTP address.
 * @throws the signal's reason when the signal aborts.
 */
export async function httpGet(url: URL, headers: Record<string, string>, signal?: AbortSignal): Promise<HttpAnswer> {
  const { username, password } = url;
  const plain = new URL(url);
  plain.username = "";
  plain.password = "";
  const credentials = Buffer.from(`${percentDecode(username)}:${percentDecode(password)}`).toString("base64");
  client ??= openClient();
  const { dispatcher, request } = await client;
  try {
    return await request(plain, {
      dispatcher,
      headers: {
        ...headers,
        ...(username || password ? { authorization: `Basic ${credentials}` } : {}),
        "accept-encoding": "identity",
        "user-agent": "ratesapp",
      },
      ...(signal ? { signal } : {}),
    });
  } catch (error) {
    signal?.throwIfAborted();
    // The address that was asked for is one, so this is about the Location of an answer.
    if (NO_ADDRESS.has((error as NodeJS.ErrnoException).code ?? "")) {
      const message = `${shownAddress(url)} redirects in a circle, or to what is no HTTP address.`;
      throw new SourceError(message, { cause: error });
    }
    throw new SourceUnavailableError(`${shownAddress(url)} does not answer: ${causeOf(error)}`, { cause: error });
  }
}

/**
 * The address without the parts that must not be in a database or a log: the credentials, and the query, which may be a
 * signature.
 */
export function shownAddress(url: URL): string {
  return `${url.protocol}//${url.host}${url.pathname}`;
}

/**
 * The error for an answer without content: a {@link SourceUnavailableError} if the server may give the content later,
 * otherwise a {@link SourceError}.
 */
export function refusalOf(url: URL, { statusCode, statusText }: HttpAnswer): Error {
  const message = `${shownAddress(url)} answers ${statusCode} ${statusText}.`;
  // A status such as 202 means that the server is still making the content.
  const later = statusCode < 300 || statusCode >= 500 || statusCode === 408 || statusCode === 429;
  return later ? new SourceUnavailableError(message) : new SourceError(message);
}

/** A header of an answer; null if the answer does not have it. */
export function headerOf({ headers }: HttpAnswer, name: string): string | null {
  const value = headers[name];
  return (Array.isArray(value) ? value.join(", ") : value) ?? null;
}

/** Drops the body of an answer: reads a short rest, or closes the connection. */
export async function letGo({ body }: HttpAnswer): Promise<void> {
  await body.dump().catch(() => {});
}
