import type pg from "pg";

/**
 * Runs `work` between BEGIN and COMMIT on one connection of the pool; rolls back when it throws. A connection whose
 * ROLLBACK fails is destroyed, because nobody knows what it holds.
 * @throws what `work` or COMMIT throws. After an error of COMMIT itself the outcome is unknown: `work` must be safe to repeat.
 */
export async function inTransaction<T>(pool: pg.Pool, work: (client: pg.PoolClient) => Promise<T>): Promise<T> {
  const client = await pool.connect();
  let broken: Error | undefined;
  try {
    await client.query("BEGIN");
    const result = await work(client);
    await client.query("COMMIT");
    return result;
  } catch (error) {
    await client.query("ROLLBACK").catch((failed: Error) => {
      broken = failed;
    });
    throw error;
  } finally {
    client.release(broken);
  }
}
