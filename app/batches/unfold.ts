import type { Database } from "../database/database.js";
import type { Session } from "../database/queries.js";
import type { Statement } from "../database/statement.js";
import { lockTreeShared } from "../places/import-places.sql.js";
import { limitWaits } from "../rates/dataset.sql.js";
import { keepMonth } from "../rates/month.sql.js";
import { rollUpAgain } from "../rates/roll-up/roll-up-again.js";
import { sleep } from "../sleep.js";
import {
  countCorrections,
  type Elsewhere,
  findFolds,
  layAside,
  setLaidAside,
  takeBack,
  takeOut,
} from "./unfold.sql.js";

/**
 * Another process made a fold, or is dropping a month, while this transaction wrote its rows. The transaction rolls
 * back.
 */
class FoldsChangedError extends Error {}

/**
 * The folds changed in each try. The code is that of a lock that was not free in time, so that callers treat both
 * alike.
 */
class FoldsBusyError extends Error {
  readonly code = "55P03";

  constructor() {
    super("Another process is changing the folds or the months of the batch.");
    this.name = "FoldsBusyError";
  }
}

const WAIT_MS = 50;
const MOST_TRIES = 200;

/**
 * Runs a transaction, and runs it again while another process changes the same folds, until the database's deadline.
 * @throws an error with the SQLSTATE 55P03 (lock not available) after the last try.
 */
export async function whileFoldsChange<T>(database: Database, work: (session: Session) => Promise<T>): Promise<T> {
  const { deadlineMs = Number.POSITIVE_INFINITY } = database.patience;
  for (let tries = 1; ; tries += 1) {
    try {
      return await database.transaction(work);
    } catch (error) {
      if (!(error instanceof FoldsChangedError)) throw error;
      if (tries === MOST_TRIES || performance.now() + WAIT_MS >= deadlineMs) throw new FoldsBusyError();
      await sleep(WAIT_MS, database.signal);
    }
  }
}

/**
 * The part of a retract or a publish that concerns folds: it takes a batch out of the folds that count it, or gives a
 * batch its own rates back. Both happen in one transaction and two steps. First the rates are written, which may take
 * long. Then the caller takes the locks and marks the days, which takes a moment.
 */
export class FoldedChange {
  readonly #session: Session;
  readonly #batchId: number;
  readonly #find: Statement<{ batchId: number }, Elsewhere>;
  readonly #written: readonly Elsewhere[];

  private constructor(
    session: Session,
    batchId: number,
    find: Statement<{ batchId: number }, Elsewhere>,
    written: readonly Elsewhere[],
  ) {
    this.#session = session;
    this.#batchId = batchId;
    this.#find = find;
    this.#written = written;
  }

  /** Writes the rates of the batch with negative counts and sums, beside the rows of the folds that count it. */
  static takingOut(session: Session, batchId: number): Promise<FoldedChange> {
    return FoldedChange.#write(session, batchId, findFolds);
  }

  /** Writes the rates that were laid aside, of the batches that `find` returns for this batch. */
  static bringingBack(
    session: Session,
    batchId: number,
    find: Statement<{ batchId: number }, Elsewhere>,
  ): Promise<FoldedChange> {
    return FoldedChange.#write(session, batchId, find);
  }

  static async #write(
    session: Session,
    batchId: number,
    find: Statement<{ batchId: number }, Elsewhere>,
  ): Promise<FoldedChange> {
    const elsewhere = await session.rows(find, { batchId });
    if (elsewhere.length > 0) {
      await session.run(limitWaits);
      await session.run(lockTreeShared);
    }
    for (const { batch_id, month, from_day: fromDay, last_day: lastDay, fold_id } of elsewhere) {
      if (!(await session.row(keepMonth, { month }))?.kept) throw new FoldsChangedError();
      const sign = fold_id === null ? 1 : -1;
      await rollUpAgain(session, { batchId: batch_id, fromDay, lastDay, into: fold_id ?? batch_id, sign });
    }
    return new FoldedChange(session, batchId, find, elsewhere);
  }

  /**
   * Call this once the dataset is locked.
   * @throws an error that repeats the transaction, if the rates that were written are no longer those that are needed.
   */
  async expectUnchanged(): Promise<void> {
    const now = await this.#session.rows(this.#find, { batchId: this.#batchId });
    if (JSON.stringify(now) !== JSON.stringify(this.#written)) throw new FoldsChangedError();
  }

  /** Ends the retract of the batch: from now on no fold counts it. */
  async layAside(): Promise<void> {
    if (this.#written.length === 0) return;
    const months = this.#written.map(({ month }) => month);
    const folds = this.#written.map(({ fold_id }) => fold_id);
    await this.#session.run(countCorrections, { folds });
    await this.#session.run(takeOut, { batchId: this.#batchId, months, folds });
    await this.#session.run(layAside, { batchId: this.#batchId });
  }

  /** Ends the bringing back: from now on these batches have rates of their own. */
  async takeBack(): Promise<void> {
    if (this.#written.length === 0) return;
    const batches = this.#written.map(({ batch_id }) => batch_id);
    await this.#session.run(setLaidAside, { batches, laidAside: false });
    await this.#session.run(takeBack, { batches });
  }
}
