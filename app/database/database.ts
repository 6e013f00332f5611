import type pg from "pg";
import type { Log } from "./log.js";
import { type Patience, patiently } from "./patiently.js";
import { Queries, Session } from "./queries.js";
import { shortStatement } from "./short-statement.js";
import { inTransaction } from "./transaction.js";

const SILENT: Log = { info() {}, warn() {} };
const NEVER_STOPPED = new AbortController().signal;

/**
 * The database that takes writes: its connections, and how long to try again while it is away. All work on it must be
 * safe to repeat, because the answer to a successful statement may be lost.
 *
 * ```ts
 * const database = new Database(pool, { patienceMs: PATIENCE_MS, log, signal });
 * await database.transaction(async (session) => session.run(setPublished, { batchId: 7 }));
 * ```
 */
export class Database extends Queries {
  readonly pool: pg.Pool;
  readonly patience: Patience;

  /** @param patience if not given, nothing is repeated: the first error is thrown. */
  constructor(pool: pg.Pool, patience: Patience = { patienceMs: 0 }) {
    super();
    this.pool = pool;
    this.patience = patience;
  }

  /** The same database, with parts of its patience replaced. */
  with(patience: Partial<Patience>): Database {
    return new Database(this.pool, { ...this.patience, ...patience });
  }

  /** The same database, where no attempt starts after this instant on the scale of performance.now(). */
  until(deadlineMs: number): Database {
    return this.with({ deadlineMs, patienceMs: Number.POSITIVE_INFINITY });
  }

  /**
   * The same database without its signal, so that a worker that is told to stop can still release its leases. It makes
   * one attempt only: a lease that is not released ends by itself.
   */
  afterStop(): Database {
    return new Database(this.pool);
  }

  /** Aborted when work on this database has to stop. Without a configured signal, never aborted. */
  get signal(): AbortSignal {
    return this.patience.signal ?? NEVER_STOPPED;
  }

  /** The log for work on this database. Without a configured log, it writes nothing. */
  get log(): Log {
    return this.patience.log ?? SILENT;
  }

  /** Runs one short statement. It fails if no answer comes within seconds, because the server may have vanished. */
  protected override send<Row extends object>(query: pg.QueryConfig) {
    return patiently(this.patience, () => this.pool.query<Row & pg.QueryResultRow>(shortStatement(query)));
  }

  /**
   * Runs `work` between BEGIN and COMMIT on one connection ({@link inTransaction}). Its statements may take minutes.
   */
  transaction<T>(work: (session: Session) => Promise<T>): Promise<T> {
    return patiently(this.patience, () =>
      inTransaction(this.pool, (client) => work(new Session(client)), this.patience.signal),
    );
  }
}
