import type pg from "pg";

/**
 * A fixed piece of SQL with the types of its parameters and of its rows, so that a reader finds all three in one place.
 * `Row` has what `pg` makes of each column, by name.
 */
export interface Statement<Params extends object, Row extends object> {
  /** With `$1`, `$2` and so on, as Postgres takes it. */
  readonly text: string;
  /** The names of the parameters, `$1` first. */
  readonly names: readonly string[];
  /** Has no value; it only carries the types. */
  readonly types?: { readonly params: Params; readonly row: Row };
}

/** Of a statement that takes no parameters. */
export type NoParams = Record<never, never>;
/** Of a statement that returns no rows. */
export type NoRow = Record<never, never>;

/** What `run`, `rows` and `row` take behind a statement: its parameters, or nothing for one that has none. */
export type Given<Params extends object> = keyof Params extends never ? [] : [params: Params];

/**
 * ```ts
 * const findBatch = statement<{ feed: string }, { id: number }>("SELECT id FROM batches WHERE feed = $feed");
 * ```
 * A parameter may stand in several places. `sql` holds nothing that comes from outside: values are parameters.
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

/** @throws {TypeError} if a parameter of the statement is not given. */
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
