/** The error lies in the source itself, and will be there at each reading. So the batch fails. */
export class SourceError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "SourceError";
  }
}

/** The source has changed since the batch was planned. */
export class SourceChangedError extends SourceError {
  constructor(name: string, what: string) {
    super(`${name} changed while it was read (${what}).`);
    this.name = "SourceChangedError";
  }
}

/** The source could not be read this time; another attempt may succeed. */
export class SourceUnavailableError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "SourceUnavailableError";
  }
}
