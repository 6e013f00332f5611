/** Thrown with a message for the user when a step failed or must not be taken. */
export class RestoreError extends Error {
  constructor(message: string) {
    super(message);
    this.name = "RestoreError";
  }
}

/** Thrown with a message for the user when what was asked for does not exist, or the stack is not set up for it. */
export class SettingsError extends Error {
  constructor(message: string) {
    super(message);
    this.name = "SettingsError";
  }
}
