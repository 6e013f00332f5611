import { setTimeout as sleep } from "node:timers/promises";
import type pg from "pg";
import { type Backoff, waitAfter } from "./backoff.js";
import { retryTransient } from "./retry-transient.js";
import { isTransient, meaningOf } from "./sqlstates.js";

/** Thrown if no database answered before the deadline. `cause` is the error of the last attempt. */
export class DatabaseAwayError extends Error {
  constructor(cause: unknown) {
    super(`No database answered: ${cause instanceof Error ? cause.message : String(cause)}`, { cause });
    this.name = "DatabaseAwayError";
  }
}

/** Thrown if the server answers other requests, but had no free connection for this one. */
export class DatabaseBusyError extends Error {
  constructor(cause: unknown) {
    super("Every connection to the database is in use.", { cause });
    this.name = "DatabaseBusyError";
  }
}

/** What a request reads on a connection. It must be safe to repeat. */
type Read<T> = (client: pg.PoolClient) => Promise<T>;

/** Thrown if an attempt got no answer in its time. Its code makes it count as transient. */
class AttemptTimeoutError extends Error {
  readonly code = "ETIMEDOUT";

  constructor(timeoutMs: number) {
    super(`no answer within ${timeoutMs} ms`);
    this.name = "AttemptTimeoutError";
  }
}

/** A server for reads. */
export interface ReadSourceOptions {
  /** "replica" or "primary", for logs and metrics. */
  readonly name: string;
  readonly pool: pg.Pool;
  /**
   * Pool of one connection to the same server, for {@link ReadSide.poll}, so that polls never wait behind questions.
   */
  readonly polls: pg.Pool;
}

/** The servers for reads, and callbacks. */
export interface ReadSideOptions {
  /** In order of preference: the replica before the primary. */
  readonly sources: readonly ReadSourceOptions[];
  readonly onRetry?: (error: unknown) => void;
  /** Called when reads leave a source that no longer answers, and when they return to it. */
  readonly onSourceChange?: (name: string, away: boolean, error: unknown) => void;
}

/**
 * Limit of a first attempt. A connection to a server that lost power gives neither an answer nor an error. With this
 * limit, such a connection costs the request half a second and a retry on a new connection, and the request does not
 * fail.
 */
const FIRST_ATTEMPT_MS = 500;
/**
 * A slow database looks the same as a dead one, and asking it twice makes it slower. So a budget limits how often a
 * first attempt ends early. Each answer adds to the budget: in the long run, at most one question in twenty is asked
 * twice.
 */
const EARLY_ENDS = 20;
const EARLY_END_PER_ANSWER = 0.05;
const PROBES: Backoff = { firstMs: 375, longestMs: 7_500, jitter: 2 / 3 };

/** A server, the connections to it, and whether it answers. */
class ReadSource {
  readonly name: string;
  readonly pool: pg.Pool;
  readonly polls: pg.Pool;
  away = false;
  #failuresInRow = 0;
  #answeredAtMs = 0;
  /** Connections whose last answer is older than this may be dead. */
  #suspectBeforeMs = 0;
  readonly #answers = new WeakMap<pg.PoolClient, number>();

  constructor(options: ReadSourceOptions) {
    this.name = options.name;
    this.pool = options.pool;
    this.polls = options.polls;
  }

  /**
   * Makes one attempt. After an error the connection is closed, unless the error is one of the statement itself.
   * @param pool one of the two pools of this source
   * @param early true to give up after FIRST_ATTEMPT_MS
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
        // Older connections hold the same stale prepared statements.
        this.#suspectBeforeMs = performance.now();
        this.#answered();
      } else if (transient) {
        if (error instanceof AttemptTimeoutError) this.#suspectBeforeMs = startedAtMs;
        if (this.#answeredAtMs < startedAtMs) this.#failuresInRow += 1;
        else if (client === undefined && pool.waitingCount > 0) throw new DatabaseBusyError(error);
      } else {
        // The server answered that the statement is wrong. So the server is there.
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
   * True if two attempts in a row failed, with no answer to any other request in between: then the server is away. A
   * single failure may come from one broken connection.
   */
  get failing(): boolean {
    return this.#failuresInRow >= 2;
  }

  /**
   * Takes a connection from the pool. If the server answers other requests, this request stays in the queue for a
   * connection after its time limit: a second attempt would only make the queue longer.
   */
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

  /**
   * Takes a live connection. After one connection gave no answer, those that were idle before may be dead too, and are
   * closed.
   */
  async #checkOut(pool: pg.Pool): Promise<pg.PoolClient> {
    for (;;) {
      const client = await pool.connect();
      if ((this.#answers.get(client) ?? Number.POSITIVE_INFINITY) >= this.#suspectBeforeMs) return client;
      client.release(true);
    }
  }
}

/**
 * Decides which database answers reads: the first source that works, normally a replica. When it stops answering, reads
 * move to the next source, the primary. Probes in the background find out when the first source is back, so that no
 * request has to wait for this. If every source is away, requests try the first one again until their deadline.
 * Transient errors are retried within the deadline of the caller.
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

  /** Number of questions that wait for a connection of the source in use. */
  get waiting(): number {
    return this.#preferred()?.pool.waitingCount ?? 0;
  }

  /**
   * Runs `read`, which must be safe to repeat, on a connection.
   * @param deadlineMs on the scale of performance.now()
   * @throws {DatabaseAwayError} {@link DatabaseBusyError}, or the error of Postgres about the statement.
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
   * Like {@link run}, but on a separate connection, one read at a time. It is for small statements that must get
   * through while questions use all connections. If there is another source, every attempt ends early.
   */
  poll<T>(read: Read<T>, deadlineMs: number): Promise<T> {
    const elsewhere = this.#sources.length > 1;
    return this.#repeat(deadlineMs, (source, first) =>
      source.attempt(source.polls, read, deadlineMs, first || elsewhere),
    );
  }

  /** Ends the probes of servers that are away. The pools stay open; the code that made them closes them. */
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

/** Rejects after `timeoutMs`. The outcome of `work` after that is ignored, also if it is an error. */
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
