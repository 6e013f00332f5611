import { SourceError } from "./ingest-error.js";
import { LEASE_SECONDS, LeaseKeeper } from "./lease.js";
import { loadPiece } from "./load/load-piece.js";
import { HeaderError } from "./parse/columns.js";
import { type Head, readHead } from "./sources/head.js";
import { linesOfRange } from "./sources/lines-of-range.js";
import type { SourceObject } from "./sources/source.js";
import { claimPiece, releasePieces } from "./work.sql.js";
import {
  afterFailure,
  failForGood,
  LANES,
  MAX_ATTEMPTS,
  noteHead,
  patiently,
  pause,
  readWorkOf,
  renewLeases,
  type Worker,
} from "./worker.js";

interface Claim {
  readonly number: number;
  readonly from_byte: number;
  readonly to_byte: number;
  readonly attempts: number;
  readonly max_bad_rows: number;
  readonly doomed: boolean;
}

/** How often a worker without a piece looks for one: others may fail, and theirs become free. */
const POLL_SECONDS = 0.25;

/**
 * Loads pieces of a planned batch until none is left, together with any number of other workers. Returns when every
 * piece is loaded or has failed, whoever did it, or when the batch ended otherwise.
 */
export async function loadRanges(worker: Worker, batchId: number, object: SourceObject): Promise<void> {
  const head = await readHeadOrFail(worker, batchId, object);
  if (head === null) return;
  const leases = new LeaseKeeper(batchId, () => renewLeases(worker, batchId));
  try {
    await Promise.all(Array.from({ length: LANES }, () => loadUntilNone(worker, leases, batchId, object, head)));
  } finally {
    leases.stop();
    // Also on the way out after SIGTERM: another worker goes on at once instead of when the lease ends.
    await worker.pool.query(releasePieces, [batchId, worker.name]).catch(() => {});
  }
}

async function loadUntilNone(
  worker: Worker,
  leases: LeaseKeeper,
  batchId: number,
  object: SourceObject,
  head: Head,
): Promise<void> {
  for (;;) {
    const { rows } = await patiently(worker, () =>
      worker.pool.query<Claim>(claimPiece, [batchId, worker.name, LEASE_SECONDS, MAX_ATTEMPTS]),
    );
    if (rows[0]) {
      await attempt(worker, leases, batchId, object, head, rows[0]);
    } else {
      const work = await readWorkOf(worker, batchId);
      if (work.state !== "loading" || work.unfinished === 0) return;
      await pause(worker, POLL_SECONDS);
    }
  }
}

async function attempt(
  worker: Worker,
  leases: LeaseKeeper,
  batchId: number,
  object: SourceObject,
  head: Head,
  claim: Claim,
): Promise<void> {
  const signal = AbortSignal.any([worker.signal, leases.signal]);
  try {
    await object.verify();
    await loadPiece(worker.pool, {
      batchId,
      number: claim.number,
      worker: worker.name,
      attempt: claim.attempts,
      chunks: linesOfRange(object, claim.from_byte, claim.to_byte, signal),
      format: head.format,
      columns: claim.from_byte === 0 ? null : head.columns,
      ports: worker.ports,
      maxBadRows: claim.max_bad_rows,
      checkOnly: claim.doomed,
      signal,
    });
  } catch (error) {
    await afterFailure(worker, { batchId, number: claim.number, attempt: claim.attempts }, object, error);
  }
}

/** Null if the batch failed for it. */
async function readHeadOrFail(worker: Worker, batchId: number, object: SourceObject): Promise<Head | null> {
  for (let attempts = 1; ; attempts += 1) {
    try {
      return await noteHead(worker, batchId, await readHead(object.read(0, object.bytes, worker.signal)));
    } catch (error) {
      worker.signal.throwIfAborted();
      if (error instanceof SourceError || error instanceof HeaderError) {
        await failForGood(worker, batchId, 0, object, error);
        return null;
      }
      if (attempts === MAX_ATTEMPTS) throw error;
      await pause(worker, attempts);
    }
  }
}
