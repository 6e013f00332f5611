import { STREAM_PIECE_BYTES } from "../../batches/plan.js";
import { workerName } from "../../batches/worker-name.js";
import type { Database } from "../../database/database.js";
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
  /** Bytes of a piece; tests make it small. */
  readonly pieceBytes?: number;
}

/**
 * Loads an upload that comes as one body: cut into pieces as it arrives, of which those that an earlier try left behind
 * are skipped. The batch is complete afterwards, or failed with its bad lines told.
 * @param database with a signal that is aborted when the client is gone: what is loaded stays, and the same bytes sent
 * again go on from there.
 * @throws the signal's reason when the client is gone.
 */
export async function uploadStream(database: Database, upload: UploadStream): Promise<void> {
  const worker: Worker = { database, name: workerName(), ports: upload.ports };
  await loadStream(worker, upload.batchId, sourceOf(upload), {
    bytes: upload.pieceBytes ?? STREAM_PIECE_BYTES,
    atOnce: 1,
  });
}

/**
 * A client that stops can send its body again, and so the batch is left for that; but no worker can read a body twice.
 */
function sourceOf({ body, bytes = null }: { body: AsyncIterable<Buffer>; bytes?: number | null }): SourceObject {
  let read = false;
  return {
    name: "The body",
    location: "upload",
    channel: "stream",
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
