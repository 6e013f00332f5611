import type { Cut } from "../pieces/cut-stream.js";
import { SourceChangedError } from "../sources/source-error.js";
import type { KnownCut } from "./load-stream.sql.js";

const LINE_FEED = 10;

/**
 * What earlier readings of a stream cut and finished, against which another reading is compared: the batch must hold
 * the lines of one stream, so that each piece that is loaded already must come again, byte for byte.
 */
export class EarlierCuts {
  readonly #name: string;
  readonly #known: readonly KnownCut[];
  #cuts = 0;
  #endsInLine = false;

  /** @param known in order, from the first. */
  constructor(name: string, known: readonly KnownCut[]) {
    this.#name = name;
    this.#known = known;
  }

  /** Where the stream must be cut again. */
  get ends(): number[] {
    return this.#known.map(({ to_byte }) => to_byte);
  }

  /**
   * @returns true if the piece is finished already.
   * @throws {SourceChangedError} if the stream is another one.
   */
  check(cut: Cut, digest: string): boolean {
    const before = this.#known[cut.number];
    if (before && (before.digest !== digest || before.to_byte !== cut.to)) {
      throw new SourceChangedError(this.#name, `piece ${cut.number} is not what was read of it before`);
    }
    if (this.#endsInLine) {
      throw new SourceChangedError(this.#name, "it goes on in the line that it had ended with");
    }
    this.#cuts += 1;
    this.#endsInLine = cut.lines.at(-1) !== LINE_FEED;
    return before?.done === true;
  }

  /**
   * To be called behind the last cut.
   * @returns how many there were.
   * @throws {SourceChangedError} if there were more before.
   */
  end(): number {
    if (this.#cuts < this.#known.length) throw new SourceChangedError(this.#name, "it ended earlier than before");
    return this.#cuts;
  }
}
