import type { Backoff } from "../../database/backoff.js";
import type { Database } from "../../database/database.js";
import type { PortTable } from "../parse/port-table.js";

/** What all parts of one run share. */
export interface Worker {
  /** With the signal that tells the worker to stop, upon which it gives its pieces back and ends. */
  readonly database: Database;
  /** Unique for each run; leases are told apart by it. */
  readonly name: string;
  readonly ports: PortTable;
}

/**
 * Pieces that one process loads at a time: while one waits for its commit or for the source, the other is parsed. A
 * third gains nothing, as parsing is one thread.
 */
export const PIECES_AT_ONCE = 2;

/**
 * Attempts to load a piece before it fails. With the waits between them (0.5 s doubled, at most 30 s) they span at
 * least half a minute and on average more than a minute, longer than a failover takes.
 */
export const MOST_ATTEMPTS = 8;
/** Between attempts at what a source or the database did not give. */
export const ATTEMPTS_BACKOFF: Backoff = { firstMs: 500, longestMs: 30_000, jitter: 0.5 };
