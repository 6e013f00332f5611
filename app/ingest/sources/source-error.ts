/** Another worker may have the piece now, or the batch is over: what was loaded was rolled back, and that is all. */
export class LeaseLostError extends Error {
  constructor(batchId: number, piece?: number) {
    super(`${piece === undefined ? "Our part" : `Piece ${piece}`} of batch ${batchId} is no longer ours.`);
    this.name = "LeaseLostError";
  }
}

/** What is wrong lies in the source itself and will be so however often it is read: the batch fails. */
export class SourceError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "SourceError";
  }
}

/** The source is not the one any more that was planned. */
export class SourceChangedError extends SourceError {
  constructor(name: string, what: string) {
    super(`${name} changed while it was read (${what}).`);
    this.name = "SourceChangedError";
  }
}

/** The source could not be read just now; another attempt may work. */
export class SourceUnavailableError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "SourceUnavailableError";
  }
}

/** Without ports every line of every file would be bad. */
export class PortsMissingError extends Error {
  constructor() {
    super("The database knows no ports yet: ratesapp places import brings them.");
    this.name = "PortsMissingError";
  }
}
