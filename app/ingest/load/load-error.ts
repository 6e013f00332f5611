/**
 * The piece may belong to another worker now, or the batch has ended. What this worker had loaded was rolled back;
 * nothing else has to be done.
 */
export class LeaseLostError extends Error {
  constructor(batchId: number, piece?: number) {
    super(
      `${piece === undefined ? "A part" : `Piece ${piece}`} of batch ${batchId} may belong to another worker by now, or the batch has ended.`,
    );
    this.name = "LeaseLostError";
  }
}

/** The database has no ports, so every line of every file would be bad. */
export class PortsMissingError extends Error {
  constructor() {
    super("The database has no ports yet; import them with ratesapp places import.");
    this.name = "PortsMissingError";
  }
}

/**
 * A month of the batch is being dropped. The code is that of a lock that was not free in time, so that callers wait and
 * try again.
 */
export class MonthBusyError extends Error {
  readonly code = "55P03";

  constructor() {
    super("a month of the batch is being dropped");
    this.name = "MonthBusyError";
  }
}
