/** Another worker may have the piece now, or the batch is over: what was loaded was rolled back, and that is all. */
export class LeaseLostError extends Error {
  constructor(batchId: number, piece?: number) {
    super(`${piece === undefined ? "Our part" : `Piece ${piece}`} of batch ${batchId} is no longer ours.`);
    this.name = "LeaseLostError";
  }
}

/** Without ports every line of every file would be bad. */
export class PortsMissingError extends Error {
  constructor() {
    super("The database knows no ports yet: ratesapp places import brings them.");
    this.name = "PortsMissingError";
  }
}

/** A month of the batch is being dropped. The code makes it worth a wait, as a lock that was not to be had. */
export class MonthBusyError extends Error {
  readonly code = "55P03";

  constructor() {
    super("a month of the batch is being dropped");
    this.name = "MonthBusyError";
  }
}
