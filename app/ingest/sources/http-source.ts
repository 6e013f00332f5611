import { randomUUID } from "node:crypto";
import { unescape as percentDecode } from "node:querystring";
import { sleep } from "../../sleep.js";
import { refuseUnreadable } from "./content-encoding.js";
import { readContentRange } from "./content-range.js";
import { type HttpAnswer, headerOf, httpGet, letGo, refusalOf, shownAddress } from "./http-get.js";
import { identityOf } from "./identity.js";
import { type RangeAnswer, readResuming } from "./resuming-read.js";
import type { Source, SourceObject } from "./source.js";
import { SourceChangedError, SourceError, SourceUnavailableError } from "./source-error.js";

/**
 * Opens the object at an HTTP(S) address.
 * @throws {SourceError} if the address is not valid, or if the server refuses it.
 * @throws {SourceUnavailableError} if the server does not answer.
 */
export async function openHttpSource(address: string, signal?: AbortSignal): Promise<Source> {
  // The message does not repeat the address, because it may hold a password.
  if (!URL.canParse(address)) throw new SourceError("An HTTP address looks like https://host/prices.csv.");
  const object = await openHttpObject(new URL(address), signal);
  return {
    several: false,
    async *list() {
      yield object;
    },
  };
}

const SECOND_MS = 1_000;
const MOST_LOOKS = 4;

async function openHttpObject(url: URL, signal?: AbortSignal): Promise<SourceObject> {
  for (let look = 1; ; look += 1) {
    // A request for one byte shows the size and whether the server really gives ranges; HEAD often does not.
    const answer = await httpGet(url, { range: "bytes=0-0" }, signal);
    await letGo(answer);
    const { statusCode } = answer;
    if (statusCode !== 200 && statusCode !== 206 && statusCode !== 416) throw refusalOf(url, answer);
    const version = versionOf(answer);
    const ageMs = Date.parse(headerOf(answer, "date") ?? "") - Date.parse(version.modified ?? "");
    const mayHaveRanges = statusCode !== 200 && version.bytes !== null;
    // Ranges of different versions must not be mixed, so ranges are used only if the version can be recognized. A time
    // cannot tell apart two changes within the same second (RFC 9110, 8.8.2.2), so wait until that second is over.
    const isTold = hasStrongTag(version) || ageMs >= SECOND_MS;
    const isTooYoung = !isTold && ageMs >= 0;
    if (!mayHaveRanges || !isTooYoung || look === MOST_LOOKS) {
      return new HttpObject(url, version, mayHaveRanges && isTold);
    }
    await sleep(SECOND_MS, signal);
  }
}

/** The marks of a version of an object. */
interface Version {
  readonly etag: string | null;
  readonly modified: string | null;
  /** Bytes of the whole object, as it is stored. */
  readonly bytes: number | null;
}

function versionOf(answer: HttpAnswer): Version {
  const bytes =
    answer.statusCode === 200
      ? headerOf(answer, "content-length")
      : /\/(\d+)$/.exec(headerOf(answer, "content-range") ?? "")?.[1];
  return {
    etag: headerOf(answer, "etag"),
    modified: headerOf(answer, "last-modified"),
    bytes: bytes == null ? null : Number(bytes),
  };
}

function hasStrongTag({ etag }: Version): boolean {
  return etag !== null && !etag.startsWith("W/");
}

/** The last part of the path as it was meant, unless it then holds a NUL, which Postgres refuses. */
function nameIn({ pathname, host }: URL): string {
  const name = pathname.slice(pathname.lastIndexOf("/") + 1);
  const meant = percentDecode(name);
  return (meant.includes("\0") ? name : meant) || host;
}

class HttpObject implements SourceObject {
  readonly name: string;
  readonly location: string;
  readonly channel = "http";
  readonly identity: string;
  readonly bytes: number | null;
  readonly ranges: boolean;
  readonly repeatable = true;
  readonly #url: URL;
  readonly #version: Version;

  constructor(url: URL, version: Version, ranges: boolean) {
    this.#url = url;
    this.#version = version;
    this.location = shownAddress(url);
    this.name = nameIn(url);
    this.bytes = version.bytes;
    this.ranges = ranges;
    // Of the address only the name counts: a client may ask for the same delivery with another signature in its query.
    // If nothing shows whether a delivery is new, each counts as new, and the audit finds the duplicates.
    this.identity = identityOf(this.name, this.bytes ?? "?", version.etag ?? version.modified ?? randomUUID());
  }

  read(from: number, to: number | null, signal?: AbortSignal): AsyncIterable<Buffer> {
    const end = to === null || this.bytes === null ? this.bytes : Math.min(to, this.bytes);
    const open = (at: number, either: AbortSignal) => this.#open(at, end, either);
    return readResuming({ location: this.location, from, to: end, ranges: this.ranges, open, signal });
  }

  /** Does nothing, because each answer is checked when it arrives. */
  async verify(): Promise<void> {}

  async #open(from: number, to: number | null, signal: AbortSignal): Promise<RangeAnswer> {
    const { etag, modified } = this.#version;
    const headers: Record<string, string> = {};
    if (this.ranges) {
      headers.range = `bytes=${from}-${(to as number) - 1}`;
      if (etag !== null && hasStrongTag(this.#version)) headers["if-match"] = etag;
      else if (modified) headers["if-unmodified-since"] = modified;
    }
    const answer = await httpGet(this.#url, headers, signal);
    try {
      this.#checkVersion(answer);
      return { body: answer.body, bytes: this.ranges ? this.#bytesOfRange(answer, from) : this.#bytesOfAll(answer) };
    } catch (error) {
      await letGo(answer);
      throw error;
    }
  }

  #checkVersion(answer: HttpAnswer): void {
    const { statusCode } = answer;
    const { location } = this;
    if (statusCode === 404 || statusCode === 410) throw new SourceChangedError(location, "it is gone");
    if (statusCode === 412) throw new SourceChangedError(location, "it is another version");
    // The object could be read before, so a refusal may be over in a moment.
    if (statusCode !== 200 && statusCode !== 206 && statusCode !== 416) {
      throw new SourceUnavailableError(refusalOf(this.#url, answer).message);
    }
    const before = this.#version;
    const now = versionOf(answer);
    if (now.bytes !== null && before.bytes !== null && now.bytes !== before.bytes) {
      throw new SourceChangedError(location, `from ${before.bytes} to ${now.bytes} bytes`);
    }
    if (now.etag !== before.etag) {
      throw new SourceChangedError(location, `its ETag was ${before.etag ?? "not there"} before`);
    }
    if (!hasStrongTag(before) && now.modified !== before.modified) {
      throw new SourceChangedError(location, `it was modified at ${now.modified ?? "an unknown time"}`);
    }
    refuseUnreadable(location, headerOf(answer, "content-encoding"));
  }

  /**
   * The number of bytes of an answer to a range. The answer must begin where the range does; it may be longer or
   * shorter than the range.
   * @throws {SourceUnavailableError} if it begins elsewhere.
   */
  #bytesOfRange(answer: HttpAnswer, from: number): number {
    const range = readContentRange(headerOf(answer, "content-range"));
    const length = headerOf(answer, "content-length");
    const bytes = range === null ? 0 : range.to - range.from;
    if (answer.statusCode !== 206 || range?.from !== from || (length !== null && Number(length) !== bytes)) {
      throw new SourceUnavailableError(`${this.location} did not answer with the range that was asked for.`);
    }
    return bytes;
  }

  #bytesOfAll(answer: HttpAnswer): number | null {
    if (answer.statusCode !== 200) {
      throw new SourceUnavailableError(`${this.location} answered with a part although the whole was requested.`);
    }
    const bytes = headerOf(answer, "content-length");
    if (bytes !== null) return Number(bytes);
    if (this.bytes === null && headerOf(answer, "transfer-encoding") === null) {
      throw new SourceError(
        `${this.location} sends neither its size nor a mark of its end, so a broken connection would look like the end.`,
      );
    }
    return null;
  }
}
