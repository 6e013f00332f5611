import type pg from "pg";
import { STREAM_PIECE_BYTES } from "../../batches/plan.js";
import { workerName } from "../../batches/worker-name.js";
import { Database } from "../../database/database.js";
import type { IngestLog } from "../../database/patiently.js";
import type { PortTable } from "../parse/port-table.js";
import type { SourceObject } from "../sources/source.js";
import { SourceError } from "../sources/source-error.js";
import { loadStream } from "../work/load-stream.js";
import type { Worker } from "../work/worker.js";

export interface UploadStream {
  readonly batchId: number;
  /** Plain, gzip or zstd. */
  readonly body: AsyncIterable<Buffer>;
  /** Bytes of the body, if its client tells. */
  readonly bytes?: number;
  readonly ports: PortTable;
  readonly log: IngestLog;
  /** Aborted when the client is gone: what is loaded stays, and the same bytes sent again go on from there. */
  readonly signal: AbortSignal;
  /** Bytes of a piece; tests make it small. */
  readonly pieceBytes?: number;
}

/**
 * Loads an upload that comes as one body: cut into pieces as it arrives, of which those that an earlier try left behind
 * are skipped. The batch is complete afterwards, or failed with its bad lines told.
 * @throws the signal's reason when the client is gone.
 */
export async function uploadStream(pool: pg.Pool, upload: UploadStream): Promise<void> {
  const { ports, log, signal } = upload;
  const worker: Worker = { database: new Database(pool, { log, signal }), name: workerName(), ports, log, signal };
  await loadStream(worker, upload.batchId, sourceOf(upload), {
    bytes: upload.pieceBytes ?? STREAM_PIECE_BYTES,
    atOnce: 1,
  });
}

/** A client can send its body again, and so it is left for that when it stops; but nobody else can read it twice. */
function sourceOf({ body, bytes = null }: { body: AsyncIterable<Buffer>; bytes?: number | null }): SourceObject {
  let read = false;
  return {
    name: "The body",
    location: "upload",
    identity: "upload",
    bytes,
    ranges: false,
    repeatable: true,
    read() {
      if (read) throw new SourceError("The body could not be loaded.");
      read = true;
      return body;
    },
    verify: async () => {},
  };
}
