import type { BatchState } from "./batch-state.js";

/** A change to a batch was refused; nothing was changed. */
export abstract class BatchError extends Error {
  readonly batchId: number;

  constructor(batchId: number, message: string) {
    super(message);
    this.name = new.target.name;
    this.batchId = batchId;
  }
}

/** There is no such batch. */
export class BatchNotFoundError extends BatchError {
  constructor(batchId: number) {
    super(batchId, `There is no batch ${batchId}.`);
  }
}

/** The batch is in a state that does not allow this. */
export class BatchStateError extends BatchError {
  readonly state: BatchState;

  constructor(batchId: number, state: BatchState, message: string) {
    super(batchId, message);
    this.state = state;
  }
}

/** The time in which a batch can be retracted or published again is over. */
export class BatchTooOldError extends BatchError {
  readonly publishedAt: Date;
  readonly retractableDays: number;

  constructor(batchId: number, publishedAt: Date, retractableDays: number) {
    super(
      batchId,
      `Batch ${batchId} was published on ${publishedAt.toISOString().slice(0, 10)}; batches can be retracted or published again for ${retractableDays} days.`,
    );
    this.publishedAt = publishedAt;
    this.retractableDays = retractableDays;
  }
}
