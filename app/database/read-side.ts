import { setTimeout as sleep } from "node:timers/promises";
import type pg from "pg";
import { type Backoff, waitAfter } from "./backoff.js";
import { retryTransient } from "./retry-transient.js";
import { isTransient, meaningOf } from "./sqlstates.js";

/** Thrown when nothing answered before the deadline; `cause` is what the last attempt met. */
export class DatabaseAwayError extends Error {
  constructor(cause: unknown) {
    super(`No database answered: ${cause instanceof Error ? cause.message : String(cause)}`, { cause });
    this.name = "DatabaseAwayError";
  }
}

/** Thrown when the server answers others but had no free connection for this request. */
export class DatabaseBusyError extends Error {
  constructor(cause: unknown) {
    super("Every connection to the database is in use.", { cause });
    this.name = "DatabaseBusyError";
  }
}

/** What a request reads on a connection; safe to repeat. */
type Read<T> = (client: pg.PoolClient) => Promise<T>;

/** An attempt that got no answer in its time. The code makes it worth a retry. */
class AttemptTimeoutError extends Error {
  readonly code = "ETIMEDOUT";

  constructor(timeoutMs: number) {
    super(`no answer within ${timeoutMs} ms`);
    this.name = "AttemptTimeoutError";
  }
}

/** One server that reads can go to. */
export interface ReadSourceOptions {
  /** "replica" or "primary", for logs and metrics. */
  readonly name: string;
  readonly pool: pg.Pool;
  /** One connection to the same server for {@link ReadSide.poll}, which so never waits behind questions. */
  readonly polls: pg.Pool;
}

/** The servers that reads can go to, and what is told of them. */
export interface ReadSideOptions {
  /** In order of preference. */
  readonly sources: readonly ReadSourceOptions[];
  readonly onRetry?: (error: unknown) => void;
  /** Told when reads leave a source that stopped answering and when it is used again. */
  readonly onSourceChange?: (name: string, away: boolean, error: unknown) => void;
}

/**
 * The first attempt is given up early, because a connection whose other end lost power swallows what it is sent: with
 * one retry on a fresh connection such a loss costs half a second instead of a failed request.
 */
const FIRST_ATTEMPT_MS = 500;
/**
 * A slow database looks the same as a dead one, and giving up early makes a slow one slower. So early ends are paid
 * from a budget that answers fill: in the long run at most one question in twenty is asked twice.
 */
const EARLY_ENDS = 20;
const EARLY_END_PER_ANSWER = 0.05;
const PROBES: Backoff = { firstMs: 375, longestMs: 7_500, jitter: 2 / 3 };

/** A server, the connections to it, and what is known of it. */
class ReadSource {
  readonly name: string;
  readonly pool: pg.Pool;
  readonly polls: pg.Pool;
  away = false;
  #failuresInRow = 0;
  #answeredAtMs = 0;
  /** Connections that have not answered since then may be dead. */
  #suspectBeforeMs = 0;
  readonly #answers = new WeakMap<pg.PoolClient, number>();

  constructor(options: ReadSourceOptions) {
    this.name = options.name;
    this.pool = options.pool;
    this.polls = options.polls;
  }

  /**
   * One attempt. A client that failed in any way but a plain SQL error is destroyed.
   * @param pool one of this source's
   * @param early give up after FIRST_ATTEMPT_MS
   */
  async attempt<T>(pool: pg.Pool, read: Read<T>, deadlineMs: number, early: boolean): Promise<T> {
    const startedAtMs = performance.now();
    let client: pg.PoolClient | undefined;
    try {
      client = await this.#checkOutWithin(pool, early ? FIRST_ATTEMPT_MS : deadlineMs - startedAtMs, startedAtMs);
      const result = await withTimeout(read(client), early ? FIRST_ATTEMPT_MS : deadlineMs - performance.now());
      this.#answered();
      this.#answers.set(client, this.#answeredAtMs);
      client.release();
      return result;
    } catch (error) {
      const transient = isTransient(error);
      client?.release(transient);
      if (meaningOf(error) === "stale") {
        // What one connection has prepared, those before it have too.
        this.#suspectBeforeMs = performance.now();
        this.#answered();
      } else if (transient) {
        if (error instanceof AttemptTimeoutError) this.#suspectBeforeMs = startedAtMs;
        if (this.#answeredAtMs < startedAtMs) this.#failuresInRow += 1;
        else if (client === undefined && pool.waitingCount > 0) throw new DatabaseBusyError(error);
      } else {
        // The statement is at fault and the server told so: it is there.
        this.#answered();
      }
      throw error;
    }
  }

  #answered(): void {
    this.#answeredAtMs = performance.now();
    this.#failuresInRow = 0;
  }

  /**
   * One failure may be one cut connection. Two in a row, with no answer to any other request between them, mean that
   * the server is away.
   */
  get failing(): boolean {
    return this.#failuresInRow >= 2;
  }

  /** A queue for connections of a server that answers others is waited for: leaving it would only make it longer. */
  async #checkOutWithin(pool: pg.Pool, timeoutMs: number, startedAtMs: number): Promise<pg.PoolClient> {
    const checkingOut = this.#checkOut(pool);
    try {
      return await withTimeout(checkingOut, timeoutMs);
    } catch (error) {
      if (error instanceof AttemptTimeoutError && this.#answeredAtMs >= startedAtMs) return checkingOut;
      checkingOut.then(
        (client) => client.release(),
        () => {},
      );
      throw error;
    }
  }

  /** After one connection swallowed a question, those that were idle before are dead too, if the server is. */
  async #checkOut(pool: pg.Pool): Promise<pg.PoolClient> {
    for (;;) {
      const client = await pool.connect();
      if ((this.#answers.get(client) ?? Number.POSITIVE_INFINITY) >= this.#suspectBeforeMs) return client;
      client.release(true);
    }
  }
}

/**
 * Where reads go: the first source that answers, with transient errors retried inside the caller's deadline. A source
 * that stops answering is left for the next and probed in the background until it is back, so that requests do not pay
 * for finding out. With every source away, requests try the first again until their deadline.
 */
export class ReadSide {
  readonly #sources: readonly ReadSource[];
  readonly #onRetry: (error: unknown) => void;
  readonly #onSourceChange: NonNullable<ReadSideOptions["onSourceChange"]>;
  readonly #stopped = new AbortController();
  #earlyEnds = EARLY_ENDS;

  constructor(options: ReadSideOptions) {
    this.#sources = options.sources.map((source) => new ReadSource(source));
    this.#onRetry = options.onRetry ?? (() => {});
    this.#onSourceChange = options.onSourceChange ?? (() => {});
  }

  /** Questions that wait for a connection of the source in use. */
  get waiting(): number {
    return this.#preferred()?.pool.waitingCount ?? 0;
  }

  /**
   * Runs `read`, which must be safe to repeat, on a connection.
   * @param deadlineMs on the scale of performance.now()
   * @throws {DatabaseAwayError} {@link DatabaseBusyError}, or what Postgres says of the statement.
   */
  run<T>(read: Read<T>, deadlineMs: number): Promise<T> {
    return this.#repeat(deadlineMs, async (source, first) => {
      const early = first && deadlineMs - performance.now() > FIRST_ATTEMPT_MS && this.#earlyEnds >= 1;
      try {
        const result = await source.attempt(source.pool, read, deadlineMs, early);
        this.#earlyEnds = Math.min(EARLY_ENDS, this.#earlyEnds + EARLY_END_PER_ANSWER);
        return result;
      } catch (error) {
        if (early && error instanceof AttemptTimeoutError) this.#earlyEnds -= 1;
        throw error;
      }
    });
  }

  /**
   * As {@link run}, on a connection of its own: for small statements that must come through while every connection for
   * questions is taken, one at a time. Where there is another source to turn to, no attempt is waited for long.
   */
  poll<T>(read: Read<T>, deadlineMs: number): Promise<T> {
    const elsewhere = this.#sources.length > 1;
    return this.#repeat(deadlineMs, (source, first) =>
      source.attempt(source.polls, read, deadlineMs, first || elsewhere),
    );
  }

  /** Ends the probes of servers that are away. The pools stay open: the code that made them closes them. */
  stop(): void {
    this.#stopped.abort();
  }

  async #repeat<T>(deadlineMs: number, attempt: (source: ReadSource, first: boolean) => Promise<T>): Promise<T> {
    let first = true;
    const next = async () => {
      const source = this.#preferred();
      if (source === undefined) throw new Error("no database is configured");
      try {
        return await attempt(source, first);
      } catch (error) {
        if (source.failing && !source.away && this.#sources.length > 1) {
          source.away = true;
          this.#onSourceChange(source.name, true, error);
          void this.#probe(source);
        }
        throw error;
      } finally {
        first = false;
      }
    };
    try {
      return await retryTransient(next, { deadlineMs, onRetry: this.#onRetry });
    } catch (error) {
      if (isTransient(error)) throw new DatabaseAwayError(error);
      throw error;
    }
  }

  #preferred(): ReadSource | undefined {
    for (const source of this.#sources) if (!source.away) return source;
    return this.#sources[0];
  }

  async #probe(source: ReadSource): Promise<void> {
    for (let probe = 1; !this.#stopped.signal.aborted; probe += 1) {
      try {
        await sleep(waitAfter(probe, PROBES), undefined, { ref: false, signal: this.#stopped.signal });
        await source.attempt(
          source.polls,
          (client) => client.query("SELECT version FROM dataset"),
          performance.now() + FIRST_ATTEMPT_MS,
          true,
        );
      } catch {
        continue;
      }
      source.away = false;
      this.#onSourceChange(source.name, false, undefined);
      return;
    }
  }
}

/** Rejects after `timeoutMs`. What becomes of `work` after that is ignored, also an error. */
function withTimeout<T>(work: Promise<T>, timeoutMs: number): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new AttemptTimeoutError(timeoutMs)), timeoutMs);
    work.then(
      (result) => {
        clearTimeout(timer);
        resolve(result);
      },
      (error: unknown) => {
        clearTimeout(timer);
        reject(error);
      },
    );
  });
}
