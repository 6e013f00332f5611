import { isTransient } from "../database/sqlstates.js";

/** Some parts of the work failed, for the reasons in `errors`. All other parts are done. */
export class UpkeepError extends AggregateError {
  constructor(errors: readonly Error[]) {
    super(errors, `Not everything could be done:\n${errors.map(({ message }) => `  ${message}`).join("\n")}`);
    this.name = "UpkeepError";
  }
}

/**
 * Does parts of the work one after the other. A part that fails does not stop the next; the errors are thrown at the
 * end.
 */
export class Turns {
  readonly #signal: AbortSignal | undefined;
  readonly #errors: Error[] = [];

  constructor(signal?: AbortSignal) {
    this.#signal = signal;
  }

  /**
   * Does one part.
   * @param part its name in messages.
   * @throws the signal's reason; or the error of a database that does not answer, because the other parts would fail
   * too.
   */
  async take(part: string, work: () => Promise<void>): Promise<void> {
    this.#signal?.throwIfAborted();
    try {
      await work();
    } catch (error) {
      this.#signal?.throwIfAborted();
      if (isTransient(error)) throw error;
      if (error instanceof UpkeepError) this.#errors.push(...error.errors);
      else this.#errors.push(new Error(`${part}: ${(error as Error).message}`, { cause: error }));
    }
  }

  /** @throws {UpkeepError} if a part could not be done. */
  end(): void {
    if (this.#errors.length > 0) throw new UpkeepError(this.#errors);
  }
}
