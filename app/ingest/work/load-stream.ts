import { createHash } from "node:crypto";
import { failBatch } from "../../batches/fail.js";
import { waitAfter } from "../../database/backoff.js";
import { sleep } from "../../sleep.js";
import { type Cut, cutStream } from "../pieces/cut-stream.js";
import { type DeliveryFormat, MOST_HEADER_BYTES, readDeliveryFormat } from "../pieces/delivery-format.js";
import { shareEventLoop } from "../pieces/share-event-loop.js";
import { compressionOf, decompress, MAGIC_BYTES } from "../sources/compression.js";
import { peek } from "../sources/peek.js";
import type { SourceObject } from "../sources/source.js";
import { failForGood, isFinal } from "./after-failure.js";
import { EarlierCuts } from "./earlier-cuts.js";
import { LEASE_SECONDS, withLeases } from "./leases.js";
import { CutLoader } from "./load-cuts.js";
import { findLoadState, keepHeader } from "./load-state.js";
import { claimStream, endStream, listCuts } from "./load-stream.sql.js";
import { ATTEMPTS_BACKOFF, MOST_ATTEMPTS, type Worker } from "./worker.js";

/** What a stream is cut into; two pieces more than are loaded at once may be in memory. */
export interface StreamPieces {
  readonly bytes: number;
  readonly atOnce: number;
}

/** How often a worker looks whether the one that streams is gone. */
const POLL_MS = 500;

/**
 * Loads a batch that cannot be read in ranges: one worker streams it, cuts it at line breaks and loads each piece from
 * memory, so that a broken connection costs no second reading. The others wait, and take over if its lease ends: what
 * can be read again is, and pieces that are loaded are skipped, if they are still the same bytes. Whatever the stream
 * is at the second look, the batch holds the lines of one reading, or fails. Returns when every piece is loaded or has
 * failed, or when the batch ended otherwise.
 */
export async function loadStream(
  worker: Worker,
  batchId: number,
  object: SourceObject,
  pieces: StreamPieces,
): Promise<void> {
  const { database, name } = worker;
  const claim = { batchId, worker: name, leaseSeconds: LEASE_SECONDS, storedBytes: object.bytes };
  for (let failures = 0; ; ) {
    const ours = (await database.run(claimStream, claim)) === 1;
    if (ours) {
      const { gained, failure } = await readOnce(worker, batchId, object, pieces);
      if (failure) {
        // A source that is cut time and again still ends, as long as each reading brings it further.
        failures = gained ? 0 : failures + 1;
        await afterBrokenReading(worker, batchId, object, failure.error, failures);
      }
    }
    const { state, planned } = await findLoadState(worker, batchId);
    if (state !== "loading" || planned) return;
    if (!ours) {
      await sleep(POLL_MS, database.signal);
    } else if (!object.repeatable) {
      await failBatch(database, batchId, `${object.name} cannot be read a second time.`);
      return;
    }
  }
}

interface Reading {
  /** A piece was loaded. */
  readonly gained: boolean;
  /** What ended it before the stream did, if anything. */
  readonly failure?: { readonly error: unknown };
}

/** Gives the stream and all pieces of it back, however it ends. */
function readOnce(worker: Worker, batchId: number, object: SourceObject, pieces: StreamPieces): Promise<Reading> {
  return withLeases(worker, batchId, async (leases) => {
    const loader = new CutLoader(worker, batchId, object, leases, pieces.atOnce);
    const failure = await readStream(worker, batchId, object, pieces.bytes, loader).then(
      () => undefined,
      (error: unknown) => ({ error }),
    );
    await loader.settle();
    return { gained: loader.gained, ...(failure && { failure }) };
  });
}

/** Reads the stream from its beginning to its end, and hands the pieces that are not finished to the loader. */
async function readStream(
  worker: Worker,
  batchId: number,
  object: SourceObject,
  pieceBytes: number,
  loader: CutLoader,
): Promise<void> {
  const { database, name } = worker;
  const earlier = new EarlierCuts(object.name, await database.rows(listCuts, { batchId }));
  const stored = new CountedBytes(object.read(0, null, database.signal));
  const raw = await peek(stored, MAGIC_BYTES);
  const chunks = shareEventLoop(decompress(object.name, raw.all, compressionOf(raw.head)));
  let delivered: DeliveryFormat | undefined;
  let bytes = 0;
  for await (const cut of cutStream(chunks, pieceBytes, earlier.ends)) {
    database.signal.throwIfAborted();
    if (loader.lost) return;
    const digest = createHash("sha256").update(cut.lines).digest("hex");
    const finished = earlier.check(cut, digest);
    bytes = cut.to;
    if (delivered === undefined) {
      delivered = await readFormatOf(cut);
      await keepHeader(worker, batchId, delivered);
    }
    if (finished) cut.release();
    else await loader.begin({ cut, digest, storedBytes: stored.bytes, delivered });
  }
  const cuts = earlier.end();
  await loader.finish();
  await object.verify();
  if (!loader.lost) await database.run(endStream, { batchId, worker: name, bytes, pieces: cuts });
}

/** Fails the batch if no other reading can end otherwise; else waits before the next. */
async function afterBrokenReading(
  { database }: Worker,
  batchId: number,
  object: SourceObject,
  error: unknown,
  failures: number,
): Promise<void> {
  const { log, signal } = database;
  if (signal.aborted) {
    // Another worker can go on with it only if it can read it.
    if (!object.repeatable) {
      await failBatch(database.afterStop(), batchId, "Its worker was told to stop.").catch(() => {});
    }
    signal.throwIfAborted();
  }
  if (isFinal(error)) return failForGood({ database }, batchId, 0, object, error);
  const reason = (error as Error).message;
  log.warn({ batch: batchId, error: reason }, "the source could not be read");
  if (failures === MOST_ATTEMPTS || !object.repeatable) {
    await failBatch(database, batchId, `${object.name} could not be read: ${reason}`);
  } else {
    await sleep(waitAfter(failures, { ...ATTEMPTS_BACKOFF, firstMs: 1_000 }), signal);
  }
}

async function readFormatOf(first: Cut): Promise<DeliveryFormat> {
  return readDeliveryFormat(
    (async function* () {
      yield first.lines.subarray(0, MOST_HEADER_BYTES);
    })(),
  );
}

/** The chunks of a source as it is stored, with how many bytes of them were taken up. */
class CountedBytes implements AsyncIterable<Buffer> {
  bytes = 0;
  readonly #chunks: AsyncIterable<Buffer>;

  constructor(chunks: AsyncIterable<Buffer>) {
    this.#chunks = chunks;
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Buffer> {
    for await (const chunk of this.#chunks) {
      // Before it is unpacked: a piece that is cut in the middle of it would else seem to come from less than it does.
      this.bytes += chunk.length;
      yield chunk;
    }
  }
}
