import { ProblemError } from "../http/problems.js";
import { MOST_UPLOADS } from "./write-pool.js";

/** Lets an instance read a few bodies at once, and no more: what they take of memory and connections is bounded. */
export class UploadTurns {
  #taken = 0;

  /** @throws {ProblemError} `too-many-uploads` if every turn is taken, before `work` begins. */
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
