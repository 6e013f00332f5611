import type { BatchState } from "./batch-state.js";

/** A refused change to a batch. The batch is as it was before. */
export abstract class BatchError extends Error {
  readonly batchId: number;

  constructor(batchId: number, message: string) {
    super(message);
    this.name = new.target.name;
    this.batchId = batchId;
  }
}

/** The database holds no batch with this id. */
export class BatchNotFoundError extends BatchError {
  constructor(batchId: number) {
    super(batchId, `There is no batch ${batchId}.`);
  }
}

/** The state of the batch (`state`) does not allow the change. */
export class BatchStateError extends BatchError {
  readonly state: BatchState;

  constructor(batchId: number, state: BatchState, message: string) {
    super(batchId, message);
    this.state = state;
  }
}

/** The batch was published more than `retractableDays` ago, so it can no longer be retracted or published again. */
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
