import type { BatchSummary } from "../../batches/batch-summary.js";
import { listBatches } from "../../batches/list-batches.js";
import type { Database } from "../../database/database.js";
import type { Log } from "../../database/log.js";
import { sleep } from "../../sleep.js";
import { LISTED_BATCHES } from "../feed/feed-status.js";
import { readMarks, readState } from "./feed-batches.sql.js";

const EVERY_MS = 2_000;

/** What the operator knows of a feed's batches. */
export type KnownBatches =
  | { readonly newest: readonly BatchSummary[] }
  /** Why the database does not answer. */
  | { readonly away: string };

export interface FeedBatchesOptions {
  readonly log: Log;
  /** Names of all feeds. */
  feeds(): readonly string[];
  /** Called with the name of each feed whose batches have changed. */
  onChange(feed: string): void;
}

/**
 * The newest batches of all feeds. Every two seconds those are read again that have changed or are unfinished. While
 * the database is away, it gives no batches, because they may have changed.
 */
export class FeedBatches {
  readonly #database: Database;
  readonly #options: FeedBatchesOptions;
  readonly #known = new Map<string, { mark: string; newest: readonly BatchSummary[] }>();
  #away: string | undefined = "it was not asked yet";
  /** State of the database and list of feeds when marks were last read; undefined if a batch was unfinished then. */
  #still: string | undefined;

  constructor(database: Database, options: FeedBatchesOptions) {
    this.#database = database;
    this.#options = options;
  }

  of(feed: string): KnownBatches {
    if (this.#away !== undefined) return { away: this.#away };
    return { newest: this.#known.get(feed)?.newest ?? [] };
  }

  /** Reads again and again until the signal is aborted. */
  async watch(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await this.read();
      await sleep(EVERY_MS, signal).catch(() => {});
    }
  }

  /** Reads once; a database that is away is no error. */
  async read(): Promise<void> {
    const feeds = this.#options.feeds();
    try {
      const changed = await this.#readChanged(feeds);
      const back = this.#away !== undefined;
      this.#away = undefined;
      for (const feed of back ? feeds : changed) this.#options.onChange(feed);
      if (back) this.#options.log.info({ feeds: feeds.length }, "the database tells of batches");
    } catch (error) {
      this.#goneAway(error);
    }
    const current = new Set(feeds);
    for (const feed of this.#known.keys()) if (!current.has(feed)) this.#known.delete(feed);
  }

  /** Reads those of one feed now; a database that is away is no error. */
  async readFeed(feed: string): Promise<void> {
    await this.#readChanged([feed]).catch((error: unknown) => this.#goneAway(error));
  }

  #goneAway(error: unknown): void {
    const first = this.#away === undefined;
    this.#away = (error as Error).message || String(error);
    if (!first) return;
    this.#options.log.warn({ error: this.#away }, "the database does not tell of batches");
    for (const feed of this.#options.feeds()) this.#options.onChange(feed);
  }

  async #readChanged(feeds: readonly string[]): Promise<string[]> {
    const now = await this.#database.row(readState);
    const still = now?.unfinished ? undefined : `${now?.state} ${feeds}`;
    if (still !== undefined && still === this.#still) return [];
    const marks = await this.#database.rows(readMarks, { feeds, limit: LISTED_BATCHES });
    const changed = marks.filter(({ feed, mark, unfinished }) => unfinished || this.#known.get(feed)?.mark !== mark);
    for (const { feed, mark } of changed) {
      this.#known.set(feed, { mark, newest: await listBatches(this.#database, { feed, limit: LISTED_BATCHES }) });
    }
    this.#still = still;
    return changed.map(({ feed }) => feed);
  }
}
