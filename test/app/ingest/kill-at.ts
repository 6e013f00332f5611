import pg from "pg";

/**
 * A pool that behaves like a process that is killed: after this many statements it destroys its sockets. Nothing that
 * was not committed is left.
 */
export function killAt(
  url: string,
  statements: number,
  connections = 2,
): { readonly pool: pg.Pool; readonly killed: AbortSignal } {
  const pool = new pg.Pool({ connectionString: url, max: connections });
  const controller = new AbortController();
  const streams: { destroy(): void }[] = [];
  let sent = 0;
  pool.on("error", () => {});
  pool.on("connect", (client) => {
    client.on("error", () => {});
    const query = client.query.bind(client) as (...args: unknown[]) => unknown;
    streams.push((client as unknown as { connection: { stream: { destroy(): void } } }).connection.stream);
    Object.assign(client, {
      query: (...args: unknown[]) => {
        sent += 1;
        const pending = query(...args);
        if (sent > statements) {
          controller.abort(new Error("killed"));
          for (const stream of streams) stream.destroy();
        }
        return pending;
      },
    });
  });
  return { pool, killed: controller.signal };
}
