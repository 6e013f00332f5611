import type { Knex } from "knex";
import type pg from "pg";
import { bind, type Given, type Statement } from "./statement.js";

/** Runs statements, on one connection ({@link Session}) or on a whole database ({@link Database}). */
export abstract class Queries {
  /** Runs one statement that {@link bind} has prepared. */
  protected abstract send<Row extends object>(query: pg.QueryConfig): Promise<pg.QueryResult<Row & pg.QueryResultRow>>;

  /** @returns how many rows the statement found or changed. */
  async run<Params extends object>(statement: Statement<Params, object>, ...given: Given<Params>): Promise<number> {
    return (await this.send(bind(statement, given[0]))).rowCount ?? 0;
  }

  /** @returns all rows, in memory. A statement that finds more than a few thousand rows needs a cursor or a limit. */
  async rows<Params extends object, Row extends object>(
    statement: Statement<Params, Row>,
    ...given: Given<Params>
  ): Promise<Row[]> {
    return (await this.send<Row>(bind(statement, given[0]))).rows;
  }

  /** The first row, or undefined. For statements that find at most one row. */
  async row<Params extends object, Row extends object>(
    statement: Statement<Params, Row>,
    ...given: Given<Params>
  ): Promise<Row | undefined> {
    return (await this.send<Row>(bind(statement, given[0]))).rows[0];
  }

  /** The rows of a query that was built at run time (`compose`). */
  async composed<Row extends object>(query: Knex.Raw<Row> | Knex.QueryBuilder<Row>): Promise<Row[]> {
    const { sql, bindings } = query.toSQL().toNative();
    return (await this.send<Row>({ text: sql, values: [...bindings] })).rows;
  }
}

/** One connection, for example inside a transaction. None of its statements is repeated. */
export class Session extends Queries {
  readonly client: pg.ClientBase;

  constructor(client: pg.ClientBase) {
    super();
    this.client = client;
  }

  protected override send<Row extends object>(query: pg.QueryConfig) {
    return this.client.query<Row & pg.QueryResultRow>(query);
  }
}
