import type pg from "pg";

/** A connection that is taken out of the pool until it is released. */
export interface CheckedOut {
  readonly client: pg.PoolClient;
  /**
   * Gives the connection back to the pool, or closes it if `destroy` is true. Only the first call counts: a watch may
   * have closed the connection before the code that uses it is done.
   */
  release(destroy: boolean): void;
}

/** Takes a connection from the pool. */
export async function checkOut(pool: pg.Pool): Promise<CheckedOut> {
  const client = await pool.connect();
  let released = false;
  return {
    client,
    release(destroy) {
      if (!released) client.release(destroy);
      released = true;
    },
  };
}
