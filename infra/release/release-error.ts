/** Thrown with a message for the user when a release cannot go on, or must not begin. */
export class ReleaseError extends Error {
  constructor(message: string) {
    super(message);
    this.name = "ReleaseError";
  }
}
