import { loadPiece } from "../load/load-piece.js";
import { HeaderError } from "../parse/columns.js";
import { type Head, MAX_HEAD_BYTES, readHead } from "../pieces/head.js";
import { linesOfRange } from "../pieces/lines-of-range.js";
import type { SourceObject } from "../sources/source.js";
import { SourceError } from "../sources/source-error.js";
import { LEASE_SECONDS, LeaseKeeper } from "./lease.js";
import { claimPiece, releasePieces } from "./work.sql.js";
import {
  afterFailure,
  ask,
  askOnce,
  failForGood,
  LANES,
  MAX_ATTEMPTS,
  noteHead,
  pause,
  readWorkOf,
  renewLeases,
  type Worker,
} from "./worker.js";

interface Claim {
  readonly number: number;
  readonly from_byte: number;
  readonly to_byte: number;
  readonly attempts: number;
  readonly max_bad_rows: number;
  readonly doomed: boolean;
}

/** How often a worker without a piece looks for one: others may fail, and theirs become free. */
const POLL_SECONDS = 0.25;

/**
 * Loads pieces of a planned batch until none is left, together with any number of other workers. Returns when every
 * piece is loaded or has failed, whoever did it, or when the batch ended otherwise.
 */
export async function loadRanges(worker: Worker, batchId: number, object: SourceObject): Promise<void> {
  const head = await readHeadOrFail(worker, batchId, object);
  if (head !== null) await new RangeLoad(worker, batchId, object, head).run();
}

class RangeLoad {
  readonly #worker: Worker;
  readonly #batchId: number;
  readonly #object: SourceObject;
  readonly #head: Head;
  readonly #leases: LeaseKeeper;
  /** Pieces that are being loaded. */
  readonly #held = new Set<number>();
  /** The last claim: one at a time. */
  #claiming: Promise<unknown> = Promise.resolve();

  constructor(worker: Worker, batchId: number, object: SourceObject, head: Head) {
    this.#worker = worker;
    this.#batchId = batchId;
    this.#object = object;
    this.#head = head;
    this.#leases = new LeaseKeeper(batchId, () => renewLeases(worker, batchId, [...this.#held]));
  }

  async run(): Promise<void> {
    try {
      const lanes = await Promise.allSettled(Array.from({ length: LANES }, () => this.#loadUntilNone()));
      const failed = lanes.find((lane) => lane.status === "rejected");
      if (failed) throw failed.reason;
    } finally {
      this.#leases.stop();
      // Also on the way out after SIGTERM: another worker goes on at once instead of when the lease ends.
      await askOnce(this.#worker, releasePieces, [this.#batchId, this.#worker.name]).catch(() => {});
    }
  }

  async #loadUntilNone(): Promise<void> {
    for (;;) {
      const claim = await this.#claim();
      if (claim) {
        await this.#attempt(claim);
        this.#held.delete(claim.number);
      } else {
        const work = await readWorkOf(this.#worker, this.#batchId);
        if (work.state !== "loading" || work.unfinished === 0) return;
        await pause(this.#worker, POLL_SECONDS);
      }
    }
  }

  /**
   * One claim after the other, so that `held` tells a piece that another lane is loading from one whose claim was made
   * but whose answer was lost with the connection: that one is claimed again.
   */
  #claim(): Promise<Claim | undefined> {
    const next = this.#claiming.then(async () => {
      const { name } = this.#worker;
      const { rows } = await ask<Claim>(this.#worker, claimPiece, [
        this.#batchId,
        name,
        LEASE_SECONDS,
        MAX_ATTEMPTS,
        [...this.#held],
      ]);
      if (rows[0]) this.#held.add(rows[0].number);
      return rows[0];
    });
    this.#claiming = next.catch(() => {});
    return next;
  }

  async #attempt(claim: Claim): Promise<void> {
    const signal = AbortSignal.any([this.#worker.signal, this.#leases.signal]);
    const piece = { batchId: this.#batchId, number: claim.number, attempt: claim.attempts };
    try {
      await this.#object.verify();
      await loadPiece(this.#worker.database.pool, {
        ...piece,
        worker: this.#worker.name,
        chunks: linesOfRange(this.#object, claim.from_byte, claim.to_byte, signal),
        format: this.#head.format,
        columns: claim.from_byte === 0 ? null : this.#head.columns,
        ports: this.#worker.ports,
        maxBadRows: claim.max_bad_rows,
        checkOnly: claim.doomed,
        signal,
      });
    } catch (error) {
      await afterFailure(this.#worker, piece, this.#object, error);
    }
  }
}

/** Null if the batch failed for it. */
async function readHeadOrFail(worker: Worker, batchId: number, object: SourceObject): Promise<Head | null> {
  for (let attempts = 1; ; attempts += 1) {
    try {
      const beginning = Math.min(object.bytes ?? MAX_HEAD_BYTES, MAX_HEAD_BYTES);
      return await noteHead(worker, batchId, await readHead(object.read(0, beginning, worker.signal)));
    } catch (error) {
      worker.signal.throwIfAborted();
      if (error instanceof SourceError || error instanceof HeaderError) {
        await failForGood(worker, batchId, 0, object, error);
        return null;
      }
      if (attempts === MAX_ATTEMPTS) throw error;
      await pause(worker, attempts);
    }
  }
}
