import type pg from "pg";

/**
 * A fixed SQL text with the types of its parameters and rows, so that a reader finds all three in one place. `Row` has
 * the type that `pg` gives to each column, by name.
 */
export interface Statement<Params extends object, Row extends object> {
  /** The SQL with `$1`, `$2` and so on, as Postgres needs it. */
  readonly text: string;
  /** The names of the parameters, in the order of `$1`, `$2` and so on. */
  readonly names: readonly string[];
  /** Never set; it only carries the types. */
  readonly types?: { readonly params: Params; readonly row: Row };
}

/** For a statement without parameters. */
export type NoParams = Record<never, never>;
/** For a statement that returns no rows. */
export type NoRow = Record<never, never>;

/** The arguments of `run`, `rows` and `row` after the statement: its parameters, or nothing if it has none. */
export type Given<Params extends object> = keyof Params extends never ? [] : [params: Params];

/**
 * Makes a statement.
 *
 * ```ts
 * const findBatch = statement<{ feed: string }, { id: number }>("SELECT id FROM batches WHERE feed = $feed");
 * ```
 * A parameter may occur several times. `sql` must not contain values from outside; those are parameters.
 */
export function statement<Params extends object = NoParams, Row extends object = NoRow>(
  sql: string,
): Statement<Params, Row> {
  const names: string[] = [];
  const text = sql.replace(/\$([a-z]\w*)/gi, (_, name: string) => {
    if (!names.includes(name)) names.push(name);
    return `$${names.indexOf(name) + 1}`;
  });
  return { text, names };
}

/** Makes a statement ready to run. @throws {TypeError} if a parameter is missing. */
export function bind<Params extends object>(
  { text, names }: Statement<Params, object>,
  params: Params | undefined,
): pg.QueryConfig {
  const given: Record<string, unknown> = { ...params };
  const values = names.map((name) => {
    if (given[name] === undefined) throw new TypeError(`The statement's parameter "${name}" is not given: ${text}`);
    return given[name];
  });
  return { text, values };
}
