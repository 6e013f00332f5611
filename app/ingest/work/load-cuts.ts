import { sleep } from "../../sleep.js";
import { loadPiece } from "../load/load-piece.js";
import type { Cut } from "../pieces/cut-stream.js";
import type { DeliveryFormat } from "../pieces/delivery-format.js";
import type { SourceObject } from "../sources/source.js";
import { afterFailure } from "./after-failure.js";
import { LEASE_SECONDS, type Leases } from "./leases.js";
import { type ClaimedCut, claimCut, isFinishedByUs } from "./load-stream.sql.js";
import type { Worker } from "./worker.js";

/** A piece of a stream, in memory. */
export interface CutToLoad {
  readonly cut: Cut;
  /** SHA-256 of its lines. */
  readonly digest: string;
  /** Bytes of the source, as it is stored, that had been read when the piece was cut. */
  readonly storedBytes: number;
  readonly delivered: DeliveryFormat;
}

/** Loads the pieces of one reading of a stream from memory, a few at the same time. */
export class CutLoader {
  /** True once a piece was loaded. */
  gained = false;
  /** True once another worker has the stream, or the batch has ended. */
  lost = false;
  readonly #worker: Worker;
  readonly #batchId: number;
  readonly #object: SourceObject;
  readonly #leases: Leases;
  readonly #atOnce: number;
  readonly #running = new Set<Promise<void>>();
  /**
   * The last claim. Claims are made one after the other: otherwise a reading that breaks off could leave a gap in the
   * numbers of the pieces that the next reading finds.
   */
  #claiming: Promise<unknown> = Promise.resolve();

  constructor(worker: Worker, batchId: number, object: SourceObject, leases: Leases, atOnce: number) {
    this.#worker = worker;
    this.#batchId = batchId;
    this.#object = object;
    this.#leases = leases;
    this.#atOnce = atOnce;
  }

  /**
   * Begins to load a piece. Waits before while as many pieces are being loaded as may be at once.
   * @throws the error of an earlier piece.
   */
  async begin(piece: CutToLoad): Promise<void> {
    while (this.#running.size >= this.#atOnce) await Promise.race(this.#running);
    const { number } = piece.cut;
    this.#leases.held.add(number);
    const running = this.#load(piece)
      .finally(() => {
        piece.cut.release();
        this.#leases.held.delete(number);
      })
      // A failed piece stays in the set, so that the next call of `begin` or `finish` throws its error.
      .then(() => void this.#running.delete(running));
    this.#running.add(running);
    running.catch(() => {});
  }

  /**
   * Waits until all pieces that were begun are loaded.
   * @throws the error of a piece.
   */
  async finish(): Promise<void> {
    await Promise.all(this.#running);
  }

  /** Waits until no piece is being loaded any more. Never throws. */
  async settle(): Promise<void> {
    await Promise.allSettled(this.#running);
  }

  async #load(piece: CutToLoad): Promise<void> {
    for (;;) {
      const claimed = await this.#claim(piece);
      if (!claimed) {
        await this.#checkOwnership(piece.cut.number);
        return;
      }
      try {
        await this.#attempt(piece, claimed);
        this.gained = true;
        return;
      } catch (error) {
        const attempted = { batchId: this.#batchId, number: piece.cut.number, attempt: claimed.attempts };
        const outcome = await afterFailure(this.#worker, attempted, this.#object, error);
        if (outcome.kind === "failed") return;
        if (outcome.kind === "waiting") await sleep(outcome.waitSeconds * 1_000, this.#worker.database.signal);
      }
    }
  }

  #claim({ cut, digest, storedBytes }: CutToLoad): Promise<ClaimedCut | undefined> {
    const { database, name } = this.#worker;
    const { number, from, to } = cut;
    const batchId = this.#batchId;
    const wanted = { batchId, number, from, to, worker: name, leaseSeconds: LEASE_SECONDS, digest, storedBytes };
    const next = this.#claiming.then(() => database.row(claimCut, wanted));
    this.#claiming = next;
    return next;
  }

  /**
   * A claim is refused if the piece was loaded before and the answer to its commit was lost, or if the stream no longer
   * belongs to this worker. This tells which: it sets `lost` in the second case.
   */
  async #checkOwnership(number: number): Promise<void> {
    const { database, name } = this.#worker;
    const found = await database.row(isFinishedByUs, { batchId: this.#batchId, number, worker: name });
    this.lost ||= found?.ours !== true;
  }

  async #attempt({ cut, delivered }: CutToLoad, claimed: ClaimedCut): Promise<void> {
    const { database, name, ports } = this.#worker;
    await loadPiece(database.with({ signal: this.#leases.signal }), {
      batchId: this.#batchId,
      number: cut.number,
      worker: name,
      attempt: claimed.attempts,
      chunks: once(cut.lines),
      format: delivered.format,
      columns: cut.from === 0 ? null : delivered.columns,
      ports,
      maxBadRows: claimed.max_bad_rows,
      checkOnly: claimed.batch_will_fail,
    });
  }
}

async function* once(bytes: Buffer): AsyncIterable<Buffer> {
  yield bytes;
}
