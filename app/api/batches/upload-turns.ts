import { ProblemError } from "../http/problems.js";
import { MOST_UPLOADS } from "./write-pool.js";

/** Limits how many bodies an instance reads at once, because each one takes memory and connections. */
export class UploadTurns {
  #taken = 0;

  /**
   * Runs `work` when a turn is free. @throws {ProblemError} `too-many-uploads`, before `work` begins, if no turn is
   * free.
   */
  async take<T>(work: () => Promise<T>): Promise<T> {
    if (this.#taken >= MOST_UPLOADS) {
      throw new ProblemError("too-many-uploads", `This instance takes ${MOST_UPLOADS} bodies at once.`, {
        headers: { "Retry-After": "1" },
      });
    }
    this.#taken += 1;
    try {
      return await work();
    } finally {
      this.#taken -= 1;
    }
  }
}
