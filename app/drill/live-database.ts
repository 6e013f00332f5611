import type { Database } from "../database/database.js";
import type { Question } from "../rates/question.js";
import { sleep } from "../sleep.js";
import { commit, isArchived, readMoment, readWal } from "./drill.sql.js";
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

/** What a database held at a moment to which it can be restored. */
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
const TRIES = 5;
/**
 * A commit gets its time before others see it, and waits for a replica in between. So a moment counts only if the
 * version is the same for so long after it: otherwise a publish from before it could have become visible after it.
 */
const SETTLED_MS = 5_000;
const WAL_MS = 15 * 60_000;
const POLL_MS = 1_000;

/** @throws {LiveDatabaseError} if each time something was published meanwhile. */
export async function readMomentOf({ primary, reads }: LiveDatabase): Promise<KnownMoment> {
  for (let tries = 1; tries <= TRIES; tries += 1) {
    const { holdings, questions } = await reads.transaction(async (session) => {
      const chosen = await choose(session, QUESTIONS);
      return { questions: chosen, holdings: await readHoldings(session, chosen) };
    });
    const at = await momentOf(primary, holdings);
    if (!at) continue;
    await sleep(SETTLED_MS, primary.signal);
    if (await momentOf(primary, holdings)) return { at, holdings, questions };
  }
  throw new LiveDatabaseError(`the dataset changed while it was read, ${TRIES} times`);
}

/** Now, if the primary still has this version. */
async function momentOf(primary: Database, { since, version }: Holdings): Promise<Date | undefined> {
  const row = await primary.row(readMoment);
  return row && Number(row.version) === version && row.changed_at.toISOString() === since ? row.now : undefined;
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
