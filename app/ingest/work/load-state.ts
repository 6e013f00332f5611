import type { DeliveryFormat } from "../pieces/delivery-format.js";
import { failExhausted, type LoadState, readLoadState, setColumns } from "./load-state.sql.js";
import { MOST_ATTEMPTS, type Worker } from "./worker.js";

export type { LoadState };

/**
 * The progress of the loading of a batch. Pieces that have used up their attempts count as failed from now on.
 * @throws an error if the batch is no longer there.
 */
export async function findLoadState({ database }: Worker, batchId: number): Promise<LoadState> {
  for (;;) {
    const state = await database.row(readLoadState, { batchId });
    if (state === undefined) throw new Error(`There is no batch ${batchId} any more.`);
    if (state.unfinished === 0 || !(await database.run(failExhausted, { batchId, mostAttempts: MOST_ATTEMPTS }))) {
      return state;
    }
  }
}

/** Keeps the header of a CSV delivery with its batch, for the file of its rejected lines. */
export async function keepHeader(
  { database }: Worker,
  batchId: number,
  { format, columns }: DeliveryFormat,
): Promise<void> {
  await database.run(setColumns, { batchId, columns: format === "csv" ? columns.join(",") : null });
}
