import { BatchError } from "../../batches/batch-error.js";

/** The Idempotency-Key belongs to a batch that was opened with other settings. */
export class UploadConflictError extends BatchError {
  constructor(batchId: number, differs: string) {
    super(batchId, `The Idempotency-Key belongs to batch ${batchId}, which has another ${differs}.`);
  }
}

/** The piece was loaded with other content, or another request is sending it. */
export class PieceConflictError extends BatchError {
  readonly piece: number;

  constructor(batchId: number, piece: number, what: string) {
    super(batchId, `Piece ${piece} of batch ${batchId} ${what}.`);
    this.piece = piece;
  }
}

/** A piece has more bytes than one request may send. */
export class PieceTooLargeError extends BatchError {
  readonly maxBytes: number;

  constructor(batchId: number, piece: number, maxBytes: number) {
    super(batchId, `Piece ${piece} of batch ${batchId} is larger than ${maxBytes} bytes; send it in several pieces.`);
    this.maxBytes = maxBytes;
  }
}

/** The upload cannot be published yet, because something is missing. */
export class IncompleteUploadError extends BatchError {
  constructor(batchId: number, what: string) {
    super(batchId, `Batch ${batchId} is not complete. ${what}`);
  }
}

/** All that was sent is loaded, and none of it is a price. */
export class NoPricesError extends IncompleteUploadError {
  constructor(batchId: number) {
    super(batchId, "It holds no prices yet.");
  }
}

/** The batch has more bad lines than it may have. `readBadLines` returns them. */
export class BadRowsError extends BatchError {
  readonly rejected: number;

  constructor(batchId: number, rejected: number, allowed: number) {
    super(
      batchId,
      `Batch ${batchId} has ${rejected} bad ${rejected === 1 ? "line" : "lines"}; ${allowed} ${allowed === 1 ? "is" : "are"} allowed.`,
    );
    this.rejected = rejected;
  }
}
