import { publishBatch } from "../../app/batches/publish.js";
import type { Database } from "../../app/database/database.js";
import { auditBatch } from "../../app/ingest/audit/audit.js";
import { readPorts } from "../../app/ingest/load/read-ports.js";
import { completeUpload, openUpload } from "../../app/ingest/uploads/upload.js";
import { uploadPiece } from "../../app/ingest/uploads/upload-piece.js";

export interface Price {
  /** Code of the port. */
  readonly origin: string;
  readonly destination: string;
  /** Such as 2024-02-29. */
  readonly day: string;
  readonly price: number;
}

export interface Delivery {
  readonly prices: readonly Price[];
  /** "test" if not given. */
  readonly feed?: string;
  /** "append" if not given. */
  readonly mode?: "append" | "replace";
  /** Number of pieces in which the batch is loaded; 1 if not given. */
  readonly pieces?: number;
  /**
   * True if a later equal delivery must be recognized as a duplicate. False if not given, so that tests may repeat
   * prices.
   */
  readonly known?: boolean;
}

const HEADER = "orig_code,dest_code,day,price";
let count = 0;

/**
 * Loads, audits and publishes a batch of prices as an upload does.
 *
 * ```ts
 * await deliver(database, { prices: [{ origin: "CNSGH", destination: "NLRTM", day: "2024-02-29", price: 7 }] });
 * ```
 * @returns the batch's id.
 */
export async function deliver(database: Database, delivery: Delivery): Promise<number> {
  const id = await loadBatch(database, delivery);
  await auditBatch(database, id);
  await publishBatch(database, id);
  if (!delivery.known) await forget(database, id);
  return id;
}

/** Loads all pieces of a batch, without audit and publish. @returns its id. */
export async function loadBatch(database: Database, delivery: Delivery): Promise<number> {
  const { prices, feed = "test", mode = "append", pieces = 1 } = delivery;
  count += 1;
  const key = `${process.pid} ${count}`;
  const ports = await readPorts(database);
  const { id } = await openUpload(database, {
    kind: "pieces",
    feed,
    source: "test",
    key,
    mode,
    maxBadRows: 0,
    deadlineSeconds: null,
  });
  for (let number = 0; number < pieces; number += 1) {
    const lines = prices
      .filter((_, index) => index % pieces === number)
      .map(({ origin, destination, day, price }) => `${origin},${destination},${day},${price}`);
    const body = Buffer.from([HEADER, ...lines, ""].join("\n"));
    await uploadPiece(database, {
      batchId: id,
      number,
      format: "csv",
      body: (async function* () {
        yield body;
      })(),
      ports,
      maxBytes: body.length,
    });
  }
  await completeUpload(database, id, pieces);
  return id;
}

/** Removes the checksum, by which duplicates are recognized. */
async function forget(database: Database, id: number): Promise<void> {
  await database.pool.query("UPDATE batches SET checksum = 'of no other' WHERE id = $1", [id]);
}
