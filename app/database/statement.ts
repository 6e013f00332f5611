import type pg from "pg";

/** What a statement takes, by name. */
export type Params = Readonly<Record<string, unknown>>;

/** SQL, the names of its parameters in the order of their numbers, and what its rows look like. */
export interface Statement<P extends Params, Row> {
  readonly text: string;
  readonly names: readonly (string & keyof P)[];
  /** Never there: it carries the type of the rows to where the statement is run. */
  readonly row?: Row;
}

/** What a statement without parameters takes. */
export type None = Readonly<Record<never, never>>;

/** A parameter: `$` and a name. `$1` is none, and neither is the `$$` around a body. */
const PARAMETER = /\$([a-zA-Z]\w*)/g;

/**
 * Ties the text of a statement to the names and types of its parameters and to the shape of its rows.
 *
 * ```ts
 * const readState = statement<{ batchId: number }, { state: BatchState }>(
 *   "SELECT state FROM batches WHERE id = $batchId",
 * );
 * const [batch] = await database.run(readState, { batchId: 7 });
 * ```
 */
export function statement<P extends Params = None, Row = never>(sql: string): Statement<P, Row> {
  const names: string[] = [];
  const text = sql.replace(PARAMETER, (_, name: string) => {
    if (!names.includes(name)) names.push(name);
    return `$${names.indexOf(name) + 1}`;
  });
  return { text, names };
}

/**
 * The statement as `pg` takes it.
 * @throws {TypeError} naming a parameter that is not given: Postgres would take it for null.
 */
export function bind<P extends Params>({ text, names }: Statement<P, unknown>, params: P): pg.QueryConfig {
  const values = names.map((name) => {
    if (params[name] === undefined) throw new TypeError(`The statement needs ${name}: ${text}`);
    return params[name];
  });
  return { text, values };
}
