import type pg from "pg";

export interface CheckedOut {
  readonly client: pg.PoolClient;
  /** Does something the first time only: whoever cuts the connection and whoever is done with it need not know of each other. */
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
