import { unescape as percentDecode } from "node:querystring";
import { addAbortSignal, Readable } from "node:stream";
import type { GetObjectCommandOutput, ListObjectsV2CommandOutput } from "@aws-sdk/client-s3";
import { REJECTS_SUFFIX } from "../../batches/rejects.js";
import { ATTEMPTS, waitAfterAttempt } from "./attempts.js";
import { refuseUnreadable } from "./content-encoding.js";
import { readContentRange } from "./content-range.js";
import { identityOf } from "./identity.js";
import { type RangeAnswer, readResuming } from "./resuming-read.js";
import type { Source, SourceObject, UnreadableObject } from "./source.js";
import { SourceChangedError, SourceError, SourceUnavailableError } from "./source-error.js";

/** The library is imported only when it is needed, because it takes longer to load than everything else. */
type Library = typeof import("@aws-sdk/client-s3");

interface Store {
  readonly library: Library;
  readonly client: InstanceType<Library["S3Client"]>;
}

/**
 * Opens an S3 address. `s3://bucket/key` is one object; `s3://bucket/prefix/`, or a bucket, is every object below it.
 * Endpoint, region and keys come from the usual environment variables.
 * @throws {SourceError} if the address is not valid, if there is no such object, or if it may not be read.
 * @throws {SourceUnavailableError} if the store does not answer.
 */
export async function openS3Source(address: string, signal?: AbortSignal): Promise<Source> {
  const match = /^s3:\/\/([^/@:]+)(?:\/(.*))?$/is.exec(address);
  // The message does not repeat the address, because it may hold a secret key, which belongs into the environment.
  if (!match) throw new SourceError("An S3 address looks like s3://bucket/prefix/, without keys and port.");
  const [, bucket, key = ""] = match as unknown as [string, string, string | undefined];
  // Without this, the library warns of versions of Node.js on which it still runs and which ratesapp supports. npm
  // warns of versions on which it does not run.
  process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED ??= "true";
  const library = await import("@aws-sdk/client-s3");
  const client = new library.S3Client({
    // A store that users run themselves rarely has a DNS name for each bucket.
    forcePathStyle: Boolean(process.env.AWS_ENDPOINT_URL ?? process.env.AWS_ENDPOINT_URL_S3),
    ...(process.env.AWS_REGION || process.env.AWS_DEFAULT_REGION ? {} : { region: "us-east-1" }),
  });
  const store = { library, client };
  if (key === "" || key.endsWith("/")) {
    return {
      several: true,
      list: (listSignal) => listPrefix(store, bucket, key, listSignal),
    };
  }
  const object = await readObject(store, bucket, key, signal);
  return {
    several: false,
    async *list() {
      yield object;
    },
  };
}

async function* listPrefix(
  store: Store,
  bucket: string,
  prefix: string,
  signal?: AbortSignal,
): AsyncIterable<SourceObject | UnreadableObject> {
  const tokens = new Set<string>();
  // S3 lists keys in the order of their bytes.
  for (let token: string | undefined; ; ) {
    const page = await listPage(store, bucket, prefix, token, signal).catch((error: Error) => {
      signal?.throwIfAborted();
      if (token === undefined) throw error;
      return error;
    });
    if (page instanceof Error) {
      yield { name: REST, error: page };
      return;
    }
    for (const { Key = "", Size, ...version } of page.Contents ?? []) {
      const key = page.EncodingType === "url" ? percentDecode(Key.replaceAll("+", " ")) : Key;
      if (key.endsWith("/") || REJECTS_SUFFIX.test(key)) continue;
      yield new S3Object(store, bucket, key, key.slice(prefix.length), Size ?? 0, version);
    }
    if (!page.IsTruncated) return;
    const next = page.NextContinuationToken;
    if (!next || tokens.has(next)) {
      yield { name: REST, error: new SourceError("The store does not say where its list goes on.") };
      return;
    }
    tokens.add(next);
    token = next;
  }
}

const REST = "The rest of the list";

/**
 * Reads a page of the list of objects.
 * @param token where the page before ended; undefined for the first page.
 * @throws {SourceError} {SourceUnavailableError} if the list cannot be read after several attempts.
 */
async function listPage(
  { library, client }: Store,
  bucket: string,
  prefix: string,
  token: string | undefined,
  signal?: AbortSignal,
): Promise<ListObjectsV2CommandOutput> {
  const command = new library.ListObjectsV2Command({
    Bucket: bucket,
    Prefix: prefix,
    // Without this, a single key with a character that XML cannot hold would make its whole page unreadable.
    EncodingType: "url",
    ...(token ? { ContinuationToken: token } : {}),
  });
  for (let attempt = 1; ; attempt += 1) {
    try {
      const location = `s3://${bucket}/${prefix}`;
      const page = await ask(location, signal, (options) => client.send(command, options));
      // The library reads any XML as a list: the login page of a proxy would be an empty list.
      if ([page.IsTruncated, page.KeyCount, page.Name].every((member) => member === undefined)) {
        throw new SourceUnavailableError(`${location} cannot be read: the store did not answer with a list`);
      }
      return page;
    } catch (error) {
      if (!(error instanceof SourceUnavailableError) || attempt === ATTEMPTS) throw error;
      await waitAfterAttempt(attempt, signal);
    }
  }
}

async function readObject(store: Store, bucket: string, key: string, signal?: AbortSignal): Promise<S3Object> {
  const head = await ask(`s3://${bucket}/${key}`, signal, (options) =>
    store.client.send(new store.library.HeadObjectCommand({ Bucket: bucket, Key: key }), options),
  );
  const name = key.slice(key.lastIndexOf("/") + 1);
  return new S3Object(store, bucket, key, name, head.ContentLength ?? 0, head);
}

interface Version {
  readonly ETag?: string | undefined;
  readonly LastModified?: Date | undefined;
}

/** The mark of a version: the ETag; or, in a store without ETags, the second in which the object was written. */
function writeVersion({ ETag, LastModified }: Version): string {
  return ETag || (LastModified?.toISOString().replace(/\..*/, "") ?? "");
}

class S3Object implements SourceObject {
  readonly name: string;
  readonly location: string;
  readonly channel = "s3";
  readonly identity: string;
  readonly bytes: number;
  readonly ranges = true;
  readonly repeatable = true;
  readonly #store: Store;
  readonly #bucket: string;
  readonly #key: string;
  readonly #version: Version;

  constructor(store: Store, bucket: string, key: string, name: string, bytes: number, version: Version) {
    this.#store = store;
    this.#bucket = bucket;
    this.#key = key;
    this.#version = version;
    this.name = name;
    this.location = `s3://${bucket}/${key}`;
    this.bytes = bytes;
    this.identity = identityOf(name, bytes, writeVersion(version));
  }

  read(from: number, to: number | null, signal?: AbortSignal): AsyncIterable<Buffer> {
    const end = Math.min(to ?? this.bytes, this.bytes);
    const open = (at: number, either: AbortSignal) => this.#open(at, end, either);
    return readResuming({ location: this.location, from, to: end, ranges: true, open, signal });
  }

  async #open(from: number, to: number, signal: AbortSignal): Promise<RangeAnswer> {
    const { location } = this;
    const { ETag } = this.#version;
    const command = new this.#store.library.GetObjectCommand({
      Bucket: this.#bucket,
      Key: this.#key,
      Range: `bytes=${from}-${to - 1}`,
      ...(ETag ? { IfMatch: ETag } : {}),
    });
    const answer = await ask(location, signal, (options) => this.#store.client.send(command, options), true);
    if (!(answer.Body instanceof Readable)) throw new SourceUnavailableError(`${location} came without a body.`);
    const body = addAbortSignal(signal, answer.Body);
    try {
      if (writeVersion(answer) !== writeVersion(this.#version)) {
        throw new SourceChangedError(location, "it is another version");
      }
      refuseUnreadable(location, answer.ContentEncoding);
      return { body, bytes: this.#bytesOf(answer, from) };
    } catch (error) {
      body.destroy();
      throw error;
    }
  }

  /**
   * The number of bytes of an answer, which must begin where the range does. A store that does not know ranges answers
   * with the whole object.
   */
  #bytesOf({ ContentRange, ContentLength = 0 }: GetObjectCommandOutput, from: number): number {
    const range = readContentRange(ContentRange) ?? { from: 0, to: ContentLength, total: ContentLength };
    if (range.total !== this.bytes) {
      throw new SourceChangedError(this.location, `from ${this.bytes} to ${range.total} bytes`);
    }
    if (range.from !== from) {
      throw new SourceUnavailableError(`${this.location} did not answer with the range that was asked for.`);
    }
    return range.to - from;
  }

  /** Does nothing, because each answer is checked when it arrives. */
  async verify(): Promise<void> {}
}

/**
 * Runs a request, and sorts its errors into those that will come again and those that may be over a moment later. (The
 * client has tried three times by then.)
 * @param known true if the object was there before: then a refusal counts as passing, and a missing object as changed.
 * @throws {SourceChangedError} if the object is gone or is another version.
 * @throws {SourceError} {SourceUnavailableError} the error will come again; or it may be over later.
 */
async function ask<T>(
  location: string,
  signal: AbortSignal | undefined,
  send: (options: { abortSignal?: AbortSignal }) => Promise<T>,
  known = false,
): Promise<T> {
  try {
    return await send(signal ? { abortSignal: signal } : {});
  } catch (error) {
    signal?.throwIfAborted();
    const { name, message, $metadata } = error as Error & { $metadata?: { httpStatusCode?: number } };
    const status = $metadata?.httpStatusCode;
    if (status === 412 || status === 409 || status === 416) {
      throw new SourceChangedError(location, "it is another version");
    }
    if (status === 404 && known) throw new SourceChangedError(location, "it is gone");
    if (status === 404) throw new SourceError(`There is no ${location}.`, { cause: error });
    const refused = status === 401 || status === 403 || name === "CredentialsProviderError";
    // Only the first line: the others are advice for programmers who use the library.
    const reason = `${location} ${refused ? "may not" : "cannot"} be read: ${message.split("\n")[0] || name}`;
    // An answer of 200 that cannot be read was cut off, or does not come from the store.
    const forGood =
      refused || (status !== undefined && status >= 300 && status < 500 && status !== 408 && status !== 429);
    if (forGood && !known) throw new SourceError(reason, { cause: error });
    throw new SourceUnavailableError(reason, { cause: error });
  }
}
