import { addAbortSignal, Readable } from "node:stream";
import { REJECTS_SUFFIX } from "../../batches/rejects.js";
import { identityOf } from "./identity.js";
import { readResuming } from "./resuming-read.js";
import type { Source, SourceObject } from "./source.js";
import { SourceChangedError, SourceError, SourceUnavailableError } from "./source-error.js";

/** Imported when it is needed: the library takes longer to load than all the rest. */
type Library = typeof import("@aws-sdk/client-s3");

interface Store {
  readonly library: Library;
  readonly client: InstanceType<Library["S3Client"]>;
}

/**
 * `s3://bucket/key` is one object; `s3://bucket/prefix/`, or a bucket, every object below it. Endpoint, region and keys
 * come from the usual environment.
 */
export async function openS3Source(address: string, signal?: AbortSignal): Promise<Source> {
  const match = /^s3:\/\/([^/]+)\/?(.*)$/.exec(address);
  if (!match) throw new SourceError(`${address} is no S3 address; they look like s3://bucket/prefix/.`);
  const [, bucket, key] = match as unknown as [string, string, string];
  // It warns of a Node.js that it runs on, and that ratesapp supports; npm warns of one that it does not run on.
  process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED ??= "true";
  const library = await import("@aws-sdk/client-s3");
  const client = new library.S3Client({
    // Stores of one's own rarely have a DNS name for each bucket.
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
): AsyncIterable<SourceObject> {
  // S3 lists keys in the order of their bytes.
  for (let token: string | undefined, more = true; more; ) {
    const page = await ask(`s3://${bucket}/${prefix}`, signal, (options) =>
      store.client.send(
        new store.library.ListObjectsV2Command({
          Bucket: bucket,
          Prefix: prefix,
          ...(token ? { ContinuationToken: token } : {}),
        }),
        options,
      ),
    );
    for (const { Key, Size, ETag } of page.Contents ?? []) {
      if (Key === undefined || Size === undefined || Key.endsWith("/") || REJECTS_SUFFIX.test(Key)) continue;
      yield new S3Object(store, bucket, Key, Key.slice(prefix.length), Size, ETag ?? "");
    }
    token = page.NextContinuationToken;
    more = page.IsTruncated === true && token !== undefined;
  }
}

async function readObject(store: Store, bucket: string, key: string, signal?: AbortSignal): Promise<S3Object> {
  const head = await ask(`s3://${bucket}/${key}`, signal, (options) =>
    store.client.send(new store.library.HeadObjectCommand({ Bucket: bucket, Key: key }), options),
  );
  const name = key.slice(key.lastIndexOf("/") + 1);
  return new S3Object(store, bucket, key, name, head.ContentLength ?? 0, head.ETag ?? "");
}

class S3Object implements SourceObject {
  readonly name: string;
  readonly location: string;
  readonly identity: string;
  readonly bytes: number;
  readonly ranges = true;
  readonly repeatable = true;
  readonly #store: Store;
  readonly #bucket: string;
  readonly #key: string;
  readonly #etag: string;

  constructor(store: Store, bucket: string, key: string, name: string, bytes: number, etag: string) {
    this.#store = store;
    this.#bucket = bucket;
    this.#key = key;
    this.#etag = etag;
    this.name = name;
    this.location = `s3://${bucket}/${key}`;
    this.bytes = bytes;
    this.identity = identityOf(name, bytes, etag);
  }

  read(from: number, to: number | null, signal?: AbortSignal): AsyncIterable<Buffer> {
    const end = Math.min(to ?? this.bytes, this.bytes);
    const open = (at: number, either: AbortSignal) => this.#open(at, end, either);
    return readResuming({ location: this.location, from, to: end, ranges: true, open, signal });
  }

  async #open(from: number, to: number, signal: AbortSignal): Promise<AsyncIterable<Uint8Array>> {
    const answer = await ask(this.location, signal, (options) =>
      this.#store.client.send(
        new this.#store.library.GetObjectCommand({
          Bucket: this.#bucket,
          Key: this.#key,
          Range: `bytes=${from}-${to - 1}`,
          ...(this.#etag ? { IfMatch: this.#etag } : {}),
        }),
        options,
      ),
    );
    if (answer.ETag !== undefined && this.#etag !== "" && answer.ETag !== this.#etag) {
      throw new SourceChangedError(this.location, `its ETag is ${answer.ETag}`);
    }
    if (!(answer.Body instanceof Readable)) throw new SourceUnavailableError(`${this.location} came without a body.`);
    return addAbortSignal(signal, answer.Body);
  }

  /** Each answer is checked when it comes. */
  async verify(): Promise<void> {}
}

/** Runs a request; tells what will always fail from what may work a moment later (the client has tried three times). */
async function ask<T>(
  location: string,
  signal: AbortSignal | undefined,
  send: (options: { abortSignal?: AbortSignal }) => Promise<T>,
): Promise<T> {
  try {
    return await send(signal ? { abortSignal: signal } : {});
  } catch (error) {
    signal?.throwIfAborted();
    const { name, message, $metadata } = error as Error & { $metadata?: { httpStatusCode?: number } };
    const status = $metadata?.httpStatusCode;
    if (status === 412 || status === 409) throw new SourceChangedError(location, "its ETag is another now");
    if (status === 404) throw new SourceError(`There is no ${location}.`, { cause: error });
    if (status === 401 || status === 403 || name === "CredentialsProviderError") {
      throw new SourceError(`${location} may not be read: ${message || name}`, { cause: error });
    }
    if (status !== undefined && status < 500 && status !== 408 && status !== 429) {
      throw new SourceError(`${location} cannot be read: ${message || name}`, { cause: error });
    }
    throw new SourceUnavailableError(`${location} cannot be read: ${message || name}`, { cause: error });
  }
}
