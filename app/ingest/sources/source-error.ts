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
