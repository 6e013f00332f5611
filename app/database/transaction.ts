import type pg from "pg";
import { checkOut } from "./check-out.js";
import { type Backend, selectBackend, watchConnection } from "./connection-watch.js";
import { shortStatement } from "./short-statement.js";

/**
 * Runs `work` between BEGIN and COMMIT on one connection of the pool, and rolls back if it throws. If ROLLBACK fails,
 * the connection is closed, because its transaction may still be open. If the server vanishes, the connection is closed
 * within seconds.
 * @param work must wait for the server only; any other wait looks as if the server had vanished.
 * @param signal cuts the connection, even while a statement runs or waits for a lock; the server then rolls back.
 * @throws the signal's reason, or the error of `work` or COMMIT. After an error of COMMIT, the transaction may or may
 * not have been committed, so `work` must be safe to repeat.
 */
export async function inTransaction<T>(
  pool: pg.Pool,
  work: (client: pg.PoolClient) => Promise<T>,
  signal?: AbortSignal,
): Promise<T> {
  const { client, release } = await checkOut(pool);
  let stopWatching = () => {};
  const cut = () => release(true);
  signal?.addEventListener("abort", cut, { once: true });
  try {
    signal?.throwIfAborted();
    const backend = await begin(client).catch((error: unknown) => {
      release(true);
      throw error;
    });
    stopWatching = watchConnection(pool, client, backend, cut);
    const result = await work(client);
    await client.query("COMMIT");
    release(false);
    return result;
  } catch (error) {
    await client.query("ROLLBACK").then(
      () => release(false),
      () => release(true),
    );
    signal?.throwIfAborted();
    throw error;
  } finally {
    stopWatching();
    signal?.removeEventListener("abort", cut);
  }
}

/** Begins the transaction, and reads its backend in the same round trip. */
async function begin(client: pg.ClientBase): Promise<Backend> {
  const [, shown] = (await client.query(
    shortStatement({ text: `BEGIN; ${selectBackend}` }),
  )) as unknown as pg.QueryResult<Backend>[];
  return shown?.rows[0] as Backend;
}
