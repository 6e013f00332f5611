import type pg from "pg";
import { checkOut } from "./check-out.js";
import { type Backend, showBackend, watchConnection } from "./connection-watch.js";
import { shortStatement } from "./short-statement.js";

/**
 * Runs `work` between BEGIN and COMMIT on one connection of the pool; rolls back when it throws. A connection whose
 * ROLLBACK fails is destroyed, because nobody knows what it holds. So is, within seconds, one whose server is gone
 * without a word.
 * @param work waits for nobody but the server.
 * @param signal cuts the connection, so that nobody waits for the end of a statement, or for a lock; the server undoes
 * what it was at.
 * @throws the signal's reason, or what `work` or COMMIT throws. After an error of COMMIT itself the outcome is unknown: `work` must be safe to repeat.
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

/** With the question in the same round trip. */
async function begin(client: pg.ClientBase): Promise<Backend> {
  const [, shown] = (await client.query(
    shortStatement({ text: `BEGIN; ${showBackend}` }),
  )) as unknown as pg.QueryResult<Backend>[];
  return shown?.rows[0] as Backend;
}
