import type { Database } from "../database/database.js";
import type { Question } from "../rates/question.js";
import { sleep } from "../sleep.js";
import { commit, isArchived, readClock, readVersion, readWal } from "./drill.sql.js";
import { choose, type Holdings, readHoldings } from "./holdings.js";

/** The database whose backup is tried. */
export interface LiveDatabase {
  /** The primary, with rights to read. */
  readonly primary: Database;
  /** A replica if there is one: every price is read there. Its transactions see one snapshot ({@link oneSnapshot}). */
  readonly reads: Database;
}

/** The address of a database, for sessions whose transactions see the database as it was at one moment. */
export const oneSnapshot = (url: string): string =>
  `${url}${url.includes("?") ? "&" : "?"}options=-c+default_transaction_isolation=repeatable%5C+read`;

/** What a database held at about a moment to which it can be restored. */
export interface KnownMoment {
  readonly at: Date;
  readonly holdings: Holdings;
  readonly questions: readonly Question[];
}

/** Thrown if the live database does not let a drill begin or end. */
export class LiveDatabaseError extends Error {
  constructor(message: string) {
    super(message);
    this.name = "LiveDatabaseError";
  }
}

const QUESTIONS = 100;
const WAL_MS = 15 * 60_000;
const POLL_MS = 1_000;

/**
 * Reads everything in one snapshot. The moment is just after this snapshot, so all of it is in what is restored to the
 * moment, and perhaps a publish more. Months that such a publish changed have another version there.
 */
export function readMomentOf({ primary, reads }: LiveDatabase): Promise<KnownMoment> {
  return reads.transaction(async (session) => {
    // The first statement takes the snapshot.
    await session.row(readVersion);
    const clock = await primary.row(readClock);
    const questions = await choose(session, QUESTIONS);
    return { at: clock?.now ?? new Date(), questions, holdings: await readHoldings(session, questions) };
  });
}

/** Waits until the archive has everything up to now. @throws {LiveDatabaseError} if it does not come. */
export async function untilArchived({ primary }: LiveDatabase): Promise<void> {
  await primary.run(commit);
  const wal = (await primary.row(readWal))?.wal ?? "";
  const limitMs = performance.now() + WAL_MS;
  while (!(await primary.row(isArchived, { wal }))?.archived) {
    if (performance.now() > limitMs) {
      throw new LiveDatabaseError(`WAL ${wal} is not in the archive after ${WAL_MS / 60_000} minutes`);
    }
    await sleep(POLL_MS, primary.signal);
  }
}
