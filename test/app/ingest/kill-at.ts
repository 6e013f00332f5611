import pg from "pg";

/**
 * A pool of one connection that breaks in the middle of everything: when `statements` of them have been sent, the
 * socket is destroyed, as when the process is killed. Nothing it had not committed is left.
 */
export function killAt(url: string, statements: number): { readonly pool: pg.Pool; readonly killed: AbortSignal } {
  const pool = new pg.Pool({ connectionString: url, max: 1 });
  const controller = new AbortController();
  let sent = 0;
  pool.on("error", () => {});
  pool.on("connect", (client) => {
    client.on("error", () => {});
    const query = client.query.bind(client) as (...args: unknown[]) => unknown;
    const { stream } = (client as unknown as { connection: { stream: { destroy(): void } } }).connection;
    Object.assign(client, {
      query: (...args: unknown[]) => {
        sent += 1;
        const pending = query(...args);
        if (sent > statements && !controller.signal.aborted) {
          controller.abort(new Error("killed"));
          stream.destroy();
        }
        return pending;
      },
    });
  });
  return { pool, killed: controller.signal };
}
