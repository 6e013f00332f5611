import type pg from "pg";
import type { Log } from "./log.js";
import { type Patience, patiently } from "./patiently.js";
import { Queries, Session } from "./queries.js";
import { shortStatement } from "./short-statement.js";
import { inTransaction } from "./transaction.js";

const SILENT: Log = { info() {}, warn() {} };
const NEVER_STOPPED = new AbortController().signal;

/**
 * The database that batches are written to: its connections, and how long to go on while it is away. Everything that
 * runs on it must be safe to repeat, because an answer may be lost on its way.
 *
 * ```ts
 * const database = new Database(pool, { patienceMs: PATIENCE_MS, log, signal });
 * await database.transaction(async (session) => session.run(setPublished, { batchId: 7 }));
 * ```
 */
export class Database extends Queries {
  readonly pool: pg.Pool;
  readonly patience: Patience;

  /** @param patience none if not given: the first error is thrown. */
  constructor(pool: pg.Pool, patience: Patience = { patienceMs: 0 }) {
    super();
    this.pool = pool;
    this.patience = patience;
  }

  /** The same database with some of its patience changed. */
  with(patience: Partial<Patience>): Database {
    return new Database(this.pool, { ...this.patience, ...patience });
  }

  /** The same database, with attempts until this instant on the scale of performance.now(). */
  until(deadlineMs: number): Database {
    return this.with({ deadlineMs, patienceMs: Number.POSITIVE_INFINITY });
  }

  /**
   * The same database without the signal, so that a worker that is told to stop can still give back its leases. One
   * attempt: a lease that is not given back ends by itself.
   */
  afterStop(): Database {
    return new Database(this.pool);
  }

  /** Aborted when the work on this database shall stop; never, if it has no signal. */
  get signal(): AbortSignal {
    return this.patience.signal ?? NEVER_STOPPED;
  }

  /** Where work on this database reports; silent if it has no log. */
  get log(): Log {
    return this.patience.log ?? SILENT;
  }

  /** For short statements: one without an answer within seconds fails, because the server may have vanished. */
  protected override send<Row extends object>(query: pg.QueryConfig) {
    return patiently(this.patience, () => this.pool.query<Row & pg.QueryResultRow>(shortStatement(query)));
  }

  /**
   * Runs work between BEGIN and COMMIT on one connection ({@link inTransaction}), where a statement may take minutes.
   */
  transaction<T>(work: (session: Session) => Promise<T>): Promise<T> {
    return patiently(this.patience, () =>
      inTransaction(this.pool, (client) => work(new Session(client)), this.patience.signal),
    );
  }
}
