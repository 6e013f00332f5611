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

/** One object at an HTTP(S) address. */
export async function openHttpSource(address: string, signal?: AbortSignal): Promise<Source> {
  // Not repeated: there may be a password in it.
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
    // One byte tells what HEAD often hides: whether ranges really work, and the size.
    const answer = await httpGet(url, { range: "bytes=0-0" }, signal);
    await letGo(answer);
    const { statusCode } = answer;
    if (statusCode !== 200 && statusCode !== 206 && statusCode !== 416) throw refusalOf(url, answer);
    const version = versionOf(answer);
    const ageMs = Date.parse(headerOf(answer, "date") ?? "") - Date.parse(version.modified ?? "");
    const mayHaveRanges = statusCode !== 200 && version.bytes !== null;
    // Ranges of different versions must not be mixed, so they are used only where a version can be told. A time cannot
    // tell two changes within its second (RFC 9110, 8.8.2.2), which is over soon.
    const isTold = hasStrongTag(version) || ageMs >= SECOND_MS;
    const isTooYoung = !isTold && ageMs >= 0;
    if (!mayHaveRanges || !isTooYoung || look === MOST_LOOKS) {
      return new HttpObject(url, version, mayHaveRanges && isTold);
    }
    await sleep(SECOND_MS, signal);
  }
}

/** What tells one version of an object from another. */
interface Version {
  readonly etag: string | null;
  readonly modified: string | null;
  /** Of the whole object, as it is stored. */
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
    // The name only: the same delivery may be asked for with another signature in its query.
    // Where nothing tells a new delivery from the one before, each is new, and the audit finds what is not.
    this.identity = identityOf(this.name, this.bytes ?? "?", version.etag ?? version.modified ?? randomUUID());
  }

  read(from: number, to: number | null, signal?: AbortSignal): AsyncIterable<Buffer> {
    const end = to === null || this.bytes === null ? this.bytes : Math.min(to, this.bytes);
    const open = (at: number, either: AbortSignal) => this.#open(at, end, either);
    return readResuming({ location: this.location, from, to: end, ranges: this.ranges, open, signal });
  }

  /** Each answer is checked when it comes; nothing more can be seen afterwards. */
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
    // It could be read before, so what is refused now may be given in a moment.
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

  /** Bytes of an answer that begins where it was asked to; it may be longer or shorter than it was asked to. */
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
      throw new SourceUnavailableError(`${this.location} answers with a part where all was asked for.`);
    }
    const bytes = headerOf(answer, "content-length");
    if (bytes !== null) return Number(bytes);
    if (this.bytes === null && headerOf(answer, "transfer-encoding") === null) {
      throw new SourceError(
        `${this.location} tells neither its size nor its end, so that a cut could not be told from the end.`,
      );
    }
    return null;
  }
}
