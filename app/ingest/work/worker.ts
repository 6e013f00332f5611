import type { Backoff } from "../../database/backoff.js";
import type { Database } from "../../database/database.js";
import type { PortTable } from "../parse/port-table.js";

/** What all parts of one run share: the database, the name of the worker, and the ports. */
export interface Worker {
  /** When its signal aborts, the worker gives its pieces back and stops. */
  readonly database: Database;
  /** Unique for each run. Leases are held under this name. */
  readonly name: string;
  readonly ports: PortTable;
}

/**
 * Pieces that one process loads at the same time. While one piece waits for its commit or for the source, the other is
 * parsed. A third piece would gain nothing, because one thread parses all of them.
 */
export const PIECES_AT_ONCE = 2;

/**
 * Attempts to load a piece before it fails. With the waits between them (0.5 s, doubled each time, at most 30 s) the
 * attempts take at least half a minute, and more than a minute on average. A failover takes less.
 */
export const MOST_ATTEMPTS = 8;
/** Waits between attempts, after a source or the database has failed. */
export const ATTEMPTS_BACKOFF: Backoff = { firstMs: 500, longestMs: 30_000, jitter: 0.5 };
