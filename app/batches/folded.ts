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
  findLaidAside,
  layAside,
  takeBack,
  takeOut,
} from "./folded.sql.js";

/** A fold was made, or a month is being dropped, while this transaction wrote its rows: it rolls back. */
class FoldsChangedError extends Error {}

/** The folds changed in each try. The code makes it what a lock is that did not come in time. */
class FoldsBusyError extends Error {
  readonly code = "55P03";

  constructor() {
    super("Another process is changing the folds or the months of the batch.");
    this.name = "FoldsBusyError";
  }
}

const WAIT_MS = 50;
const MOST_TRIES = 200;

/** Repeats a transaction while another process changes the folds that it works on, until the database's deadline. */
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
 * A retract or publish of a batch that is in folds, in two steps of one transaction: it writes the rows first, which
 * may take long, and takes the locks then, for a moment.
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

  /** Writes the batch's rows with the sign turned, beside those of the folds that count it. */
  static takingOut(session: Session, batchId: number): Promise<FoldedChange> {
    return FoldedChange.#write(session, batchId, findFolds);
  }

  /** Writes the rows of the batch that were laid aside. */
  static bringingBack(session: Session, batchId: number): Promise<FoldedChange> {
    return FoldedChange.#write(session, batchId, findLaidAside);
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
    for (const { month, from_day: fromDay, last_day: lastDay, fold_id: foldId } of elsewhere) {
      if (!(await session.row(keepMonth, { month }))?.kept) throw new FoldsChangedError();
      const sign = foldId === null ? 1 : -1;
      await rollUpAgain(session, { batchId, fromDay, lastDay, into: foldId ?? batchId, sign });
    }
    return new FoldedChange(session, batchId, find, elsewhere);
  }

  /** To be asked with the dataset locked. @throws if other rows would have to be written now. */
  async expectUnchanged(): Promise<void> {
    const now = await this.#session.rows(this.#find, { batchId: this.#batchId });
    if (JSON.stringify(now) !== JSON.stringify(this.#written)) throw new FoldsChangedError();
  }

  /** The batch is retracted: from now on no fold counts it. */
  async layAside(): Promise<void> {
    if (this.#written.length === 0) return;
    const months = this.#written.map(({ month }) => month);
    const folds = this.#written.map(({ fold_id }) => fold_id);
    await this.#session.run(countCorrections, { folds });
    await this.#session.run(takeOut, { batchId: this.#batchId, months, folds });
    await this.#session.run(layAside, { batchId: this.#batchId });
  }

  /** The batch is published again, with rows of its own. */
  async takeBack(): Promise<void> {
    if (this.#written.length > 0) await this.#session.run(takeBack, { batchId: this.#batchId });
  }
}
