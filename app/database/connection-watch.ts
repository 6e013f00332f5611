import type { Socket } from "node:net";
import pg from "pg";
import { shortStatement } from "./short-statement.js";

/** The server process of a connection. Later, another process may get the same `pid`, but not the same start. */
export interface Backend {
  readonly pid: number;
  /** Null if the session's role may not see the start of the process. */
  readonly started: string | null;
}

/** Selects the {@link Backend} of the current session. */
export const selectBackend = "SELECT pid, backend_start::text AS started FROM pg_stat_get_activity(pg_backend_pid())";

/**
 * $1 and $2 are the backend. Finds a row while the backend runs a statement. Finds none if it waits for its client or
 * no longer exists.
 */
const findAtWork = `
  SELECT FROM pg_stat_get_activity($1)
  WHERE backend_start = $2::timestamptz AND state = 'active' AND wait_event_type IS DISTINCT FROM 'Client'`;

const LOOK_MS = 2_000;
/**
 * A busy server may refuse one more connection although it is still there. Two looks without an answer mean that it is
 * gone.
 */
const UNANSWERED = 2;

/**
 * Finds out whether a silent server is busy or gone. A host that loses power sends no error: the client would wait a
 * quarter of an hour, until its kernel gives up. A time limit for the statement does not help, because some statements
 * take minutes. So when no byte has moved for two seconds, this function asks the server over another connection
 * whether it runs a statement of the watched connection. If it does not, or if two such questions get no answer, `cut`
 * is called. A backend that this role cannot see in `pg_stat_activity` is not watched.
 * @param client must wait for the server only, and not for a slow source of its rows, while it is watched: a backend
 * that waits for its client counts as gone.
 * @returns a function that ends the watch.
 */
export function watchConnection(pool: pg.Pool, client: pg.ClientBase, backend: Backend, cut: () => void): () => void {
  if (backend.started === null) return () => {};
  const { stream } = (client as unknown as { readonly connection: { readonly stream: Socket } }).connection;
  let watching = true;
  let seen = 0;
  let unanswered = 0;
  const look = async () => {
    const moved = stream.bytesRead + stream.bytesWritten;
    const silent = moved === seen;
    seen = moved;
    if (!silent) return;
    const atWork = await isAtWork(pool, backend);
    unanswered = atWork === undefined ? unanswered + 1 : 0;
    if (atWork === true || (atWork === undefined && unanswered < UNANSWERED)) return;
    // Compared again, because the answer may have arrived while this process was too busy to read it.
    if (watching && stream.bytesRead + stream.bytesWritten === seen) cut();
  };
  let looking = false;
  const timer = setInterval(() => {
    if (looking) return;
    looking = true;
    void look().finally(() => {
      looking = false;
    });
  }, LOOK_MS);
  return () => {
    watching = false;
    clearInterval(timer);
  };
}

/** True if the backend runs a statement; undefined if the server does not answer. */
async function isAtWork(pool: pg.Pool, { pid, started }: Backend): Promise<boolean | undefined> {
  // The question needs a new connection, because all connections of the pool may be in use, or dead too.
  const client = new pg.Client(pool.options);
  client.on("error", () => {});
  try {
    await client.connect();
    return (await client.query(shortStatement({ text: findAtWork, values: [pid, started] }))).rowCount === 1;
  } catch (error) {
    // The server refused one more connection (too_many_connections), so it is still there.
    return (error as { code?: unknown }).code === "53300" || undefined;
  } finally {
    client.end().catch(() => {});
  }
}
