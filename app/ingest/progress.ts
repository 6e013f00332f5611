import type pg from "pg";
import type { BatchState } from "./batch-state.js";
import { readProgressOf } from "./progress.sql.js";

/** How far a batch is, over all its workers. */
export interface Progress {
  readonly state: BatchState;
  readonly pieces: number;
  readonly piecesLoaded: number;
  readonly piecesFailed: number;
  readonly rows: number;
  readonly rejected: number;
  /** Null while a stream has not ended. */
  readonly bytes: number | null;
  readonly bytesDone: number;
  /** Of the last minute. */
  readonly rowsPerSecond: number;
  /** Until everything is loaded, at the speed of the last minute; null if that cannot be told. */
  readonly secondsLeft: number | null;
  /** Negative once the limit of the processing time has passed; null without one. */
  readonly secondsToDeadline: number | null;
}

export async function readProgress(database: Pick<pg.Pool, "query">, batchId: number): Promise<Progress | null> {
  const { rows } = await database.query<Progress & { bytesPerSecond: number }>(readProgressOf, [batchId]);
  if (!rows[0]) return null;
  const { bytesPerSecond, ...counted } = rows[0];
  const left = counted.bytes === null ? null : Math.max(0, counted.bytes - counted.bytesDone);
  return { ...counted, secondsLeft: left === null || bytesPerSecond === 0 ? null : left / bytesPerSecond };
}
