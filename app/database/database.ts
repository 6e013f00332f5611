import type pg from "pg";
import { type Patience, patiently } from "./patiently.js";
import { shortStatement } from "./short-statement.js";
import { bind, type None, type Params, type Statement } from "./statement.js";
import { inTransaction } from "./transaction.js";

/** Left out for a statement that takes nothing. */
type Given<P extends Params> = P extends None ? (keyof P extends never ? [] : [params: P]) : [params: P];

/** Where statements run: a {@link Database}, each on its own, or a {@link Session}, one after the other. */
export interface Runs {
  /** @returns the rows. */
  run<P extends Params, Row>(statement: Statement<P, Row>, ...given: Given<P>): Promise<Row[]>;
}

/** One connection, inside one transaction. A statement takes as long as it takes. */
export class Session implements Runs {
  readonly client: pg.ClientBase;

  constructor(client: pg.ClientBase) {
    this.client = client;
  }

  async run<P extends Params, Row>(statement: Statement<P, Row>, ...[params]: Given<P>): Promise<Row[]> {
    const { rows } = await this.client.query(bind(statement, (params ?? {}) as P));
    return rows as Row[];
  }
}

/**
 * The database, and how long to look for it while it is away, has no space, or keeps a lock from us.
 *
 * ```ts
 * const database = new Database(pool, { log, signal });
 * const [batch] = await database.run(readState, { batchId: 7 });
 * await database.transaction((session) => session.run(setPublished, { batchId: 7 }));
 * ```
 */
export class Database implements Runs {
  readonly pool: pg.Pool;
  readonly patience: Patience;

  /** @param patience without one, what fails has failed. */
  constructor(pool: pg.Pool, patience: Patience = { patienceMs: 0 }) {
    this.pool = pool;
    this.patience = patience;
  }

  /** The same database with another patience. */
  with(patience: Patience): Database {
    return new Database(this.pool, { ...this.patience, ...patience });
  }

  /** Runs a short statement that may be repeated; each attempt must be answered within five seconds. */
  run<P extends Params, Row>(statement: Statement<P, Row>, ...given: Given<P>): Promise<Row[]> {
    return patiently(this.patience, () => this.once(statement, ...given));
  }

  /** Runs a short statement once: for what must not be done twice, or is tried again anyway. */
  async once<P extends Params, Row>(statement: Statement<P, Row>, ...[params]: Given<P>): Promise<Row[]> {
    const { text, values } = bind(statement, (params ?? {}) as P);
    const { rows } = await this.pool.query(shortStatement(text, values));
    return rows as Row[];
  }

  /** Runs `work`, which must be safe to repeat, between BEGIN and COMMIT; see {@link inTransaction}. */
  transaction<T>(work: (session: Session) => Promise<T>): Promise<T> {
    return patiently(this.patience, () => inTransaction(this.pool, (client) => work(new Session(client))));
  }
}
