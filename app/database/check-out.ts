import type pg from "pg";

/** A connection that a caller has taken from the pool and must release. */
export interface CheckedOut {
  readonly client: pg.PoolClient;
  /**
   * Returns the connection to the pool, or closes it if `destroy` is true. Only the first call has an effect: {@link
   * watchConnection} may have closed the connection before its user is done.
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
      if (released) return;
      // First, because the pool gives the connection to its next user within this call, and what that one does may
      // lead here again.
      released = true;
      client.release(destroy);
    },
  };
}
