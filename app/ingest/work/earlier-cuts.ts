import type { Cut } from "../pieces/cut-stream.js";
import { SourceChangedError } from "../sources/source-error.js";
import type { KnownCut } from "./load-stream.sql.js";

const LINE_FEED = 10;

/**
 * The pieces that earlier readings of a stream cut and finished. A new reading is compared with them: a batch must hold
 * the lines of one stream, so every finished piece must come again, byte for byte.
 */
export class EarlierCuts {
  readonly #name: string;
  readonly #known: readonly KnownCut[];
  #cuts = 0;
  #endsInLine = false;

  /** @param known the earlier pieces in order, from the first. */
  constructor(name: string, known: readonly KnownCut[]) {
    this.#name = name;
    this.#known = known;
  }

  /** The bytes of the stream behind which it must be cut again. */
  get ends(): number[] {
    return this.#known.map(({ to_byte }) => to_byte);
  }

  /**
   * Compares a piece with the earlier piece of the same number.
   * @returns true if the piece is finished already.
   * @throws {SourceChangedError} if the stream is not the one that was read before.
   */
  check(cut: Cut, digest: string): boolean {
    const before = this.#known[cut.number];
    if (before && (before.digest !== digest || before.to_byte !== cut.to)) {
      throw new SourceChangedError(this.#name, `piece ${cut.number} is not what was read of it before`);
    }
    if (this.#endsInLine) {
      throw new SourceChangedError(this.#name, "it has more bytes in the line that was its last");
    }
    this.#cuts += 1;
    this.#endsInLine = cut.lines.at(-1) !== LINE_FEED;
    return before?.done === true;
  }

  /**
   * Call this after the last cut.
   * @returns the number of cuts.
   * @throws {SourceChangedError} if an earlier reading had more.
   */
  end(): number {
    if (this.#cuts < this.#known.length) throw new SourceChangedError(this.#name, "it ended earlier than before");
    return this.#cuts;
  }
}
