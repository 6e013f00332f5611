import { sleep } from "../../sleep.js";
import { loadPiece } from "../load/load-piece.js";
import type { Cut } from "../pieces/cut-stream.js";
import type { DeliveryFormat } from "../pieces/delivery-format.js";
import type { SourceObject } from "../sources/source.js";
import { afterFailure } from "./after-failure.js";
import { LEASE_SECONDS, type Leases } from "./leases.js";
import { type ClaimedCut, claimCut, isFinishedByUs } from "./load-stream.sql.js";
import type { Worker } from "./worker.js";

/** A piece of a stream in memory. */
export interface CutToLoad {
  readonly cut: Cut;
  /** SHA-256 of its lines. */
  readonly digest: string;
  /** Bytes of the source, as it is stored, that were read until it was cut. */
  readonly storedBytes: number;
  readonly delivered: DeliveryFormat;
}

/** Loads the pieces of one reading of a stream from memory, a few at once. */
export class CutLoader {
  /** A piece was loaded. */
  gained = false;
  /** Another worker has the stream, or the batch is over. */
  lost = false;
  readonly #worker: Worker;
  readonly #batchId: number;
  readonly #object: SourceObject;
  readonly #leases: Leases;
  readonly #atOnce: number;
  readonly #running = new Set<Promise<void>>();
  /**
   * The last claim: one at a time, or a reading that breaks off could leave a gap in the pieces that the next one
   * knows.
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
   * Begins to load a piece, once few enough are being loaded.
   * @throws what ended one of those before.
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
      // One that failed stays, to be met by the next that waits to begin, or by `finish`.
      .then(() => void this.#running.delete(running));
    this.#running.add(running);
    running.catch(() => {});
  }

  /**
   * Waits for all that were begun.
   * @throws what ended one of them.
   */
  async finish(): Promise<void> {
    await Promise.all(this.#running);
  }

  /** Waits until none is being loaded any more, however they end. */
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

  /** A claim is refused behind a commit whose answer was lost, or because the stream is not ours any more. */
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
