import type { DeliveryFormat } from "../pieces/delivery-format.js";
import { failExhausted, type LoadState, readLoadState, setColumns } from "./load-state.sql.js";
import { MOST_ATTEMPTS, type Worker } from "./worker.js";

export type { LoadState };

/** How far the loading of a batch is; pieces that no worker may try once more count as failed from now on. */
export async function findLoadState({ database }: Worker, batchId: number): Promise<LoadState> {
  for (;;) {
    const state = await database.row(readLoadState, { batchId });
    if (state === undefined) throw new Error(`There is no batch ${batchId} any more.`);
    if (state.unfinished === 0 || !(await database.run(failExhausted, { batchId, mostAttempts: MOST_ATTEMPTS }))) {
      return state;
    }
  }
}

/** Keeps the header of CSV with the batch, for the file of its rejected lines. */
export async function keepHeader(
  { database }: Worker,
  batchId: number,
  { format, columns }: DeliveryFormat,
): Promise<void> {
  await database.run(setColumns, { batchId, columns: format === "csv" ? columns.join(",") : null });
}
