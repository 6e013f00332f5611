import type { Socket } from "node:net";
import pg from "pg";
import { shortStatement } from "./short-statement.js";

/** The server process at the other end. Its start tells it from another of that number, on this server or the next. */
export interface Backend {
  readonly pid: number;
  /** Null where the session has taken on a role that may not see it. */
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
 * Tells a server that is busy from one that is gone. A host that vanishes answers nothing and refuses nothing: a
 * statement on its way to it would be waited for until the kernel gives up sending, a quarter of an hour later. And no
 * limit on the statement would do, as some take minutes. So once no byte has moved for two seconds, the server is asked
 * over another connection whether it is at work on this one; `cut` is called if it is not, or does not answer twice. A
 * backend that this role cannot find in `pg_stat_activity` is not watched.
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
    // Looked at once more: an answer may have been there that this process was too busy to read.
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
  // Not one of the pool's: all of them may be taken, or dead as well.
  const client = new pg.Client(pool.options);
  client.on("error", () => {});
  try {
    await client.connect();
    return (await client.query(shortStatement({ text: findAtWork, values: [pid, started] }))).rowCount === 1;
  } catch (error) {
    // Too busy for another connection, but there.
    return (error as { code?: unknown }).code === "53300" || undefined;
  } finally {
    client.end().catch(() => {});
  }
}
