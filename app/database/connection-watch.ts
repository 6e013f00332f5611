import type { Socket } from "node:net";
import pg from "pg";
import { shortStatement } from "./short-statement.js";

/** The server process of a connection. Another process may get the same `pid` later, and then has another start. */
export interface Backend {
  readonly pid: number;
  /** Null if the role of the session may not see when it started. */
  readonly started: string | null;
}

/** The backend of this session, as {@link Backend}. */
export const selectBackend = "SELECT pid, backend_start::text AS started FROM pg_stat_get_activity(pg_backend_pid())";

/** $1 and $2 the backend. A row while it works on a statement; none if it waits for its client, or is gone. */
const findAtWork = `
  SELECT FROM pg_stat_get_activity($1)
  WHERE backend_start = $2::timestamptz AND state = 'active' AND wait_event_type IS DISTINCT FROM 'Client'`;

const LOOK_MS = 2_000;
/** A busy server may refuse one more connection, and is not gone. Two looks without an answer mean that it is. */
const UNANSWERED = 2;

/**
 * Finds out whether a silent server is busy or gone. A host that loses power sends no error, so a client would wait
 * until its kernel gives up, a quarter of an hour later. A time limit on the statement is no solution, as some
 * statements take minutes. So when no byte has moved for two seconds, this asks the server over another connection
 * whether it works on a statement of this one; `cut` is called if it is not, or does not answer twice. A backend that
 * this role cannot find in `pg_stat_activity` is not watched.
 * @param client must wait only for the server while it is watched, and not for a slow source of its rows: a backend
 * that waits for its client counts as gone.
 * @returns ends the watch.
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
    // Checked again: the answer may have arrived while this process was too busy to read it.
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

/** Undefined without an answer. */
async function isAtWork(pool: pg.Pool, { pid, started }: Backend): Promise<boolean | undefined> {
  // A new connection, because those of the pool may all be in use, or dead too.
  const client = new pg.Client(pool.options);
  client.on("error", () => {});
  try {
    await client.connect();
    return (await client.query(shortStatement({ text: findAtWork, values: [pid, started] }))).rowCount === 1;
  } catch (error) {
    // The server refuses one more connection (too_many_connections), so it is there.
    return (error as { code?: unknown }).code === "53300" || undefined;
  } finally {
    client.end().catch(() => {});
  }
}
