import { STREAM_PIECE_BYTES } from "../../batches/plan.js";
import { workerName } from "../../batches/worker-name.js";
import type { Database } from "../../database/database.js";
import type { PortTable } from "../parse/port-table.js";
import type { SourceObject } from "../sources/source.js";
import { SourceError } from "../sources/source-error.js";
import { loadStream } from "../work/load-stream.js";
import type { Worker } from "../work/worker.js";

/** A body that a client sends, to be loaded as a whole batch. */
export interface UploadStream {
  readonly batchId: number;
  /** The bytes of the upload: plain, gzip or zstd. */
  readonly body: AsyncIterable<Buffer>;
  /** Length of the body in bytes, if the client gives it. */
  readonly bytes?: number;
  readonly ports: PortTable;
  /** Bytes of a piece, decompressed; tests make it small. */
  readonly pieceBytes?: number;
}

/**
 * Loads an upload that comes as one body. The body is cut into pieces as it arrives, and pieces that an earlier try has
 * loaded are skipped. Afterwards the batch is complete, or has failed with its bad lines recorded.
 * @param database with a signal that aborts when the client is gone. What is loaded by then stays; if the client sends
 * the same bytes again, loading goes on from there.
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
 * The body as a source. The client can send the body again, so the source counts as repeatable; but this process can
 * read it only once.
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
