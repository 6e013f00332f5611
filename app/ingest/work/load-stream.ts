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

/**
 * Into which pieces a stream is cut (`bytes` of each), and how many pieces are loaded at the same time (`atOnce`). Up
 * to two more pieces than `atOnce` may be in memory.
 */
export interface StreamPieces {
  readonly bytes: number;
  readonly atOnce: number;
}

/** How often a worker looks whether the worker that streams has gone. */
const POLL_MS = 500;

/**
 * Loads a batch that cannot be read in ranges. One worker reads the stream, cuts it at line breaks and loads each piece
 * from memory, so that a broken database connection does not cost a second reading. The other workers wait, and one of
 * them takes over if the lease of the first ends. It reads the stream again, if the source allows that, and skips
 * pieces that are loaded already. If such a piece does not come again byte for byte, the batch fails: it never mixes
 * the lines of two streams. Returns when every piece is loaded or has failed, or when the batch has ended.
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
        // A source whose connection breaks often can still be read to its end, as long as each reading loads a piece.
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
  /** True if a piece was loaded. */
  readonly gained: boolean;
  /** The error that ended the reading before the end of the stream, if there was one. */
  readonly failure?: { readonly error: unknown };
}

/** Reads the stream once. Gives the stream and its pieces back at the end, also after an error. */
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

/** Fails the batch if another reading cannot succeed. Otherwise waits until it is time for the next reading. */
async function afterBrokenReading(
  { database }: Worker,
  batchId: number,
  object: SourceObject,
  error: unknown,
  failures: number,
): Promise<void> {
  const { log, signal } = database;
  if (signal.aborted) {
    // Another worker can go on only if the source can be read again.
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

/** The chunks of a source as it is stored, and the number of bytes that were taken from it. */
class CountedBytes implements AsyncIterable<Buffer> {
  bytes = 0;
  readonly #chunks: AsyncIterable<Buffer>;

  constructor(chunks: AsyncIterable<Buffer>) {
    this.#chunks = chunks;
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Buffer> {
    for await (const chunk of this.#chunks) {
      // Counted before the chunk is decompressed. Counted afterwards, a piece that ends in the middle of the chunk
      // would seem to come from fewer bytes than were read.
      this.bytes += chunk.length;
      yield chunk;
    }
  }
}
