import { randomUUID } from "node:crypto";
import { Readable } from "node:stream";
import { identityOf } from "./identity.js";
import { causeOf, readResuming } from "./resuming-read.js";
import type { Source, SourceObject } from "./source.js";
import { SourceChangedError, SourceError, SourceUnavailableError } from "./source-error.js";

/** One object at an HTTP(S) address. */
export async function openHttpSource(address: string, signal?: AbortSignal): Promise<Source> {
  const url = new URL(address);
  const object = await openHttpObject(url, signal);
  return {
    several: false,
    async *list() {
      yield object;
    },
  };
}

async function openHttpObject(url: URL, signal?: AbortSignal): Promise<SourceObject> {
  // One byte tells what HEAD often hides: whether ranges really work, and the size.
  const response = await request(url, { range: "bytes=0-0" }, signal);
  await response.body?.cancel();
  const etag = response.headers.get("etag");
  const modified = response.headers.get("last-modified");
  const total = /\/(\d+)$/.exec(response.headers.get("content-range") ?? "")?.[1];
  // Ranges of different versions must not be mixed, so they are used only where a version can be told.
  const ranges = (response.status === 206 || response.status === 416) && total !== undefined && strong(etag, modified);
  const length = total ?? (response.status === 200 ? response.headers.get("content-length") : null);
  return new HttpObject(url, length === null ? null : Number(length), ranges, etag, modified);
}

class HttpObject implements SourceObject {
  readonly name: string;
  readonly location: string;
  readonly identity: string;
  readonly bytes: number | null;
  readonly ranges: boolean;
  readonly repeatable = true;
  readonly #url: URL;
  readonly #etag: string | null;
  readonly #modified: string | null;

  constructor(url: URL, bytes: number | null, ranges: boolean, etag: string | null, modified: string | null) {
    this.#url = url;
    this.#etag = etag;
    this.#modified = modified;
    this.location = shown(url);
    this.name = decodeURIComponent(url.pathname.slice(url.pathname.lastIndexOf("/") + 1)) || url.host;
    this.bytes = bytes;
    this.ranges = ranges;
    // The name only: the same delivery may be asked for with another signature in its query.
    // Where nothing tells a new delivery from the one before, each is new, and the audit finds what is not.
    this.identity = identityOf(this.name, bytes ?? "?", etag ?? modified ?? randomUUID());
  }

  read(from: number, to: number | null, signal?: AbortSignal): AsyncIterable<Buffer> {
    return readResuming({
      location: this.location,
      from,
      to: this.ranges ? Math.min(to ?? (this.bytes as number), this.bytes as number) : null,
      ranges: this.ranges,
      open: (at, either) => this.#open(at, to, either),
      signal,
    });
  }

  /** Each answer is checked when it comes; nothing more can be seen afterwards. */
  async verify(): Promise<void> {}

  async #open(from: number, to: number | null, signal: AbortSignal): Promise<AsyncIterable<Uint8Array>> {
    const headers: Record<string, string> = {};
    if (this.ranges) {
      headers.range = `bytes=${from}-${to === null ? "" : to - 1}`;
      if (this.#etag && !this.#etag.startsWith("W/")) headers["if-match"] = this.#etag;
      else if (this.#modified) headers["if-unmodified-since"] = this.#modified;
    }
    const response = await request(this.#url, headers, signal);
    this.#check(response, from);
    return response.body ?? Readable.from([]);
  }

  #check(response: Response, from: number): void {
    const etag = response.headers.get("etag");
    if (response.status === 412 || (this.#etag !== null && etag !== null && etag !== this.#etag)) {
      throw new SourceChangedError(this.location, `its ETag was ${this.#etag ?? "not there"} before`);
    }
    const modified = response.headers.get("last-modified");
    if (this.#etag === null && this.#modified !== null && modified !== this.#modified) {
      throw new SourceChangedError(this.location, `it was modified at ${modified}`);
    }
    if (this.ranges) {
      const range = /^bytes (\d+)-\d+\/(\d+)$/.exec(response.headers.get("content-range") ?? "");
      if (response.status !== 206 || Number(range?.[1]) !== from) {
        throw new SourceUnavailableError(`${this.location} did not answer with the range that was asked for.`);
      }
      if (Number(range?.[2]) !== this.bytes) {
        throw new SourceChangedError(this.location, `from ${this.bytes} to ${range?.[2]} bytes`);
      }
    }
  }
}

async function request(url: URL, headers: Record<string, string>, signal?: AbortSignal): Promise<Response> {
  const credentials = url.username
    ? {
        authorization: `Basic ${Buffer.from(`${decodeURIComponent(url.username)}:${decodeURIComponent(url.password)}`).toString("base64")}`,
      }
    : {};
  const plain = new URL(url);
  plain.username = "";
  plain.password = "";
  let response: Response;
  try {
    response = await fetch(plain, {
      // Offsets count the bytes that are stored; fetch would unpack what a server packs on the way.
      headers: { ...headers, ...credentials, "accept-encoding": "identity" },
      ...(signal ? { signal } : {}),
    });
  } catch (error) {
    signal?.throwIfAborted();
    throw new SourceUnavailableError(`${shown(url)} does not answer: ${causeOf(error)}`, { cause: error });
  }
  if (response.ok || response.status === 412 || response.status === 416) return response;
  await response.body?.cancel();
  const message = `${shown(url)} answers ${response.status} ${response.statusText}.`;
  if (response.status >= 500 || response.status === 408 || response.status === 429) {
    throw new SourceUnavailableError(message);
  }
  throw new SourceError(message);
}

/** True if two versions cannot look alike. */
function strong(etag: string | null, modified: string | null): boolean {
  return (etag !== null && !etag.startsWith("W/")) || modified !== null;
}

/** The address without what must not be in a database or a log: credentials, and a query that may be a signature. */
function shown(url: URL): string {
  return `${url.protocol}//${url.host}${url.pathname}`;
}
