import { isTransient } from "../database/sqlstates.js";

/** Some parts could not be done, for the reasons in `errors`; all others were. */
export class UpkeepError extends AggregateError {
  constructor(errors: readonly Error[]) {
    super(errors, `Not everything could be done:\n${errors.map(({ message }) => `  ${message}`).join("\n")}`);
    this.name = "UpkeepError";
  }
}

/** One part after the other; what is wrong with one keeps no other from its turn, and is told at the end. */
export class Turns {
  readonly #signal: AbortSignal | undefined;
  readonly #errors: Error[] = [];

  constructor(signal?: AbortSignal) {
    this.#signal = signal;
  }

  /**
   * @param part what messages call it.
   * @throws the signal's reason; or the error of a database that is away, where no other part fares better.
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
