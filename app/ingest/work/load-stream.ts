import { createHash } from "node:crypto";
import { failBatch } from "../../batches/fail.js";
import { waitAfter } from "../../database/backoff.js";
import { Database } from "../../database/database.js";
import { loadPiece } from "../load/load-piece.js";
import { HeaderError } from "../parse/columns.js";
import { type Cut, cutStream } from "../pieces/cut-stream.js";
import { type Head, MAX_HEAD_BYTES, readHead } from "../pieces/head.js";
import { shareEventLoop } from "../pieces/share-event-loop.js";
import { compressionOf, decompress, MAGIC_BYTES } from "../sources/compression.js";
import { peek } from "../sources/peek.js";
import type { SourceObject } from "../sources/source.js";
import { SourceChangedError, SourceError } from "../sources/source-error.js";
import { LEASE_SECONDS, LeaseKeeper } from "./lease.js";
import {
  claimCut,
  claimStream,
  endStream,
  isFinishedByUs,
  listCuts,
  releasePieces,
  releaseStream,
} from "./work.sql.js";
import {
  ATTEMPTS_BACKOFF,
  afterFailure,
  ask,
  askOnce,
  failForGood,
  MAX_ATTEMPTS,
  noteHead,
  pause,
  readWorkOf,
  renewLeases,
  type Worker,
} from "./worker.js";

/** What a stream is cut into; two pieces more than are loaded at once may be in memory. */
export interface StreamPieces {
  readonly bytes: number;
  readonly atOnce: number;
}

interface KnownCut {
  readonly number: number;
  readonly to_byte: number;
  readonly done: boolean;
  readonly digest: string | null;
}

interface CutClaim {
  readonly attempts: number;
  readonly max_bad_rows: number;
  readonly doomed: boolean;
}

const LINE_FEED = 10;

/** How often a worker looks whether the one that streams is gone. */
const POLL_SECONDS = 0.5;

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
  for (let failures = 0; ; ) {
    const claimed = await ask(worker, claimStream, [batchId, worker.name, LEASE_SECONDS, object.bytes]);
    if (claimed.rowCount === 1) {
      const load = new StreamLoad(worker, batchId, object, pieces);
      try {
        await load.run();
      } catch (error) {
        if (worker.signal.aborted) {
          // Nobody can go on with it.
          if (!object.repeatable) {
            const once = new Database(worker.database.pool);
            await failBatch(once, batchId, "Its worker was told to stop.").catch(() => {});
          }
          worker.signal.throwIfAborted();
        }
        if (error instanceof SourceError || error instanceof HeaderError) {
          await failForGood(worker, batchId, 0, object, error);
        } else {
          // A source that is cut time and again still ends, as long as each reading brings it further.
          failures = load.gained ? 0 : failures + 1;
          worker.log.warn({ batch: batchId, error: (error as Error).message }, "the source could not be read");
          if (failures === MAX_ATTEMPTS || !object.repeatable) {
            const reason = (error as Error).message;
            await failBatch(worker.database, batchId, `${object.name} could not be read: ${reason}`);
          } else {
            await pause(worker, waitAfter(failures, { ...ATTEMPTS_BACKOFF, firstMs: 1_000 }) / 1_000);
          }
        }
      }
    }
    const work = await readWorkOf(worker, batchId);
    if (work.state !== "loading" || work.planned) return;
    if (claimed.rowCount === 1 && !object.repeatable) {
      await failBatch(worker.database, batchId, `${object.name} cannot be read a second time.`);
      return;
    }
    if (claimed.rowCount === 0) await pause(worker, POLL_SECONDS);
  }
}

/** One reading of the stream, from its beginning. */
class StreamLoad {
  readonly #worker: Worker;
  readonly #batchId: number;
  readonly #object: SourceObject;
  readonly #pieces: StreamPieces;
  readonly #leases: LeaseKeeper;
  /** Numbers of the pieces that are being loaded. */
  readonly #held = new Set<number>();
  readonly #running = new Set<Promise<void>>();
  /** The last claim: one at a time, or a reading that breaks off could leave a gap in the pieces that the next one knows. */
  #claiming: Promise<unknown> = Promise.resolve();
  /** Bytes of the source that were read, as it is stored. */
  #storedBytes = 0;
  /** A piece was loaded. */
  gained = false;
  /** The stream is somebody else's, or the batch is over. */
  #lost = false;
  #head: Head | undefined;

  constructor(worker: Worker, batchId: number, object: SourceObject, pieces: StreamPieces) {
    this.#worker = worker;
    this.#batchId = batchId;
    this.#object = object;
    this.#pieces = pieces;
    this.#leases = new LeaseKeeper(batchId, () => renewLeases(worker, batchId, [...this.#held]));
  }

  async run(): Promise<void> {
    const { name, signal } = this.#worker;
    try {
      const { rows: known } = await ask<KnownCut>(this.#worker, listCuts, [this.#batchId]);
      const raw = await peek(this.#count(this.#object.read(0, null, signal)), MAGIC_BYTES);
      const chunks = shareEventLoop(decompress(this.#object.name, raw.all, compressionOf(raw.head)));
      const ends = known.map((piece) => piece.to_byte);
      let bytes = 0;
      let cuts = 0;
      let endsInLine = false;
      for await (const cut of cutStream(chunks, this.#pieces.bytes, ends)) {
        signal.throwIfAborted();
        if (this.#lost) return;
        const before = known[cut.number];
        const digest = createHash("sha256").update(cut.lines).digest("hex");
        if (before && (before.digest !== digest || before.to_byte !== cut.to)) {
          throw new SourceChangedError(this.#object.name, `piece ${cut.number} is not what was read of it before`);
        }
        if (endsInLine) {
          throw new SourceChangedError(this.#object.name, "it goes on in the line that it had ended with");
        }
        bytes = cut.to;
        cuts += 1;
        endsInLine = cut.lines.at(-1) !== LINE_FEED;
        this.#head ??= await noteHead(
          this.#worker,
          this.#batchId,
          await readHead(once(cut.lines.subarray(0, MAX_HEAD_BYTES))),
        );
        if (before?.done) cut.release();
        else await this.#start(cut, digest);
      }
      if (cuts < known.length) throw new SourceChangedError(this.#object.name, "it ended earlier than before");
      await Promise.all(this.#running);
      await this.#object.verify();
      if (this.#lost) return;
      await ask(this.#worker, endStream, [this.#batchId, name, bytes, cuts]);
    } finally {
      await Promise.allSettled(this.#running);
      this.#leases.stop();
      await askOnce(this.#worker, releasePieces, [this.#batchId, name]).catch(() => {});
      await askOnce(this.#worker, releaseStream, [this.#batchId, name]).catch(() => {});
    }
  }

  /** A chunk counts when it was taken up: when the next one is asked for. */
  async *#count(chunks: AsyncIterable<Buffer>): AsyncIterable<Buffer> {
    for await (const chunk of chunks) {
      // Before it is unpacked: a piece that is cut in the middle of it would else seem to come from less than it does.
      this.#storedBytes += chunk.length;
      yield chunk;
    }
  }

  /** Waits until it may be loaded, so that at most a few pieces are in memory. */
  async #start(cut: Cut, digest: string): Promise<void> {
    while (this.#running.size >= this.#pieces.atOnce) await Promise.race(this.#running);
    this.#held.add(cut.number);
    const running = this.#load(cut, digest, this.#storedBytes)
      .finally(() => {
        cut.release();
        this.#held.delete(cut.number);
      })
      // One that failed stays, to be met by whoever waits to go on or for the end.
      .then(() => void this.#running.delete(running));
    this.#running.add(running);
    running.catch(() => {});
  }

  async #load(cut: Cut, digest: string, storedBytes: number): Promise<void> {
    const { database, name } = this.#worker;
    const { pool } = database;
    const head = this.#head as Head;
    for (;;) {
      const claim = await this.#claim(cut, digest, storedBytes);
      if (!claim) {
        // A commit whose answer was lost; or the stream is not ours any more.
        const { rows: now } = await ask<{ ours: boolean }>(this.#worker, isFinishedByUs, [
          this.#batchId,
          cut.number,
          name,
        ]);
        this.#lost ||= now[0]?.ours !== true;
        return;
      }
      try {
        await loadPiece(pool, {
          batchId: this.#batchId,
          number: cut.number,
          worker: name,
          attempt: claim.attempts,
          chunks: once(cut.lines),
          format: head.format,
          columns: cut.from === 0 ? null : head.columns,
          ports: this.#worker.ports,
          maxBadRows: claim.max_bad_rows,
          checkOnly: claim.doomed,
          signal: AbortSignal.any([this.#worker.signal, this.#leases.signal]),
        });
        this.gained = true;
        return;
      } catch (error) {
        const piece = { batchId: this.#batchId, number: cut.number, attempt: claim.attempts };
        const outcome = await afterFailure(this.#worker, piece, this.#object, error);
        if (outcome.kind === "failed") return;
        if (outcome.kind === "waiting") await pause(this.#worker, outcome.seconds);
      }
    }
  }

  #claim(cut: Cut, digest: string, storedBytes: number): Promise<CutClaim | undefined> {
    const { name } = this.#worker;
    const values = [this.#batchId, cut.number, cut.from, cut.to, name, LEASE_SECONDS, digest, storedBytes];
    const next = this.#claiming.then(async () => (await ask<CutClaim>(this.#worker, claimCut, values)).rows[0]);
    this.#claiming = next;
    return next;
  }
}

async function* once(bytes: Buffer): AsyncIterable<Buffer> {
  yield bytes;
}
