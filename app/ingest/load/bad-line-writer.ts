import type { Session } from "../../database/queries.js";
import type { BadLine, BadLines } from "../parse/bad-lines.js";
import { insertBadLineCounts, insertBadLines, layBadLinesAside, moveBadLines } from "./piece.sql.js";

const LINES_PER_STATEMENT = 1_000;

/** Writes the bad lines of a piece, in the transaction of the piece. */
export class BadLineWriter {
  readonly #session: Session;
  readonly #piece: { readonly batchId: number; readonly number: number };
  readonly #bad: BadLines;
  #aside = false;

  constructor(session: Session, piece: { readonly batchId: number; readonly number: number }, bad: BadLines) {
    this.#session = session;
    this.#piece = piece;
    this.#bad = bad;
  }

  /**
   * Moves the bad lines so far out of memory, into the table `bad_lines_aside`. A row in `bad_lines` itself would lock
   * the row of the piece until the piece is loaded.
   */
  async layAside(): Promise<void> {
    this.#aside = true;
    await this.#write(layBadLinesAside, this.#bad.takeKept());
  }

  /**
   * Writes the remaining bad lines, and the counts.
   * @param loaded true if the other lines of the piece are loaded. If not, only the first bad lines are kept, to be
   * shown.
   */
  async finish(loaded: boolean): Promise<void> {
    const { batchId, number } = this.#piece;
    if (loaded && this.#aside) await this.#session.run(moveBadLines, { batchId, number });
    await this.#write(insertBadLines, loaded ? this.#bad.takeKept() : this.#bad.shown);
    const reasons = [...this.#bad.counts.keys()];
    const counts = [...this.#bad.counts.values()];
    if (reasons.length > 0) await this.#session.run(insertBadLineCounts, { batchId, number, reasons, counts });
  }

  async #write(into: typeof insertBadLines, lines: readonly BadLine[]): Promise<void> {
    const { batchId, number } = this.#piece;
    for (let at = 0; at < lines.length; at += LINES_PER_STATEMENT) {
      const some = lines.slice(at, at + LINES_PER_STATEMENT);
      await this.#session.run(into, {
        batchId,
        number,
        lines: some.map(({ line }) => line),
        columns: some.map(({ column }) => column),
        reasons: some.map(({ reason }) => reason),
        contents: some.map(({ content }) => content),
      });
    }
  }
}
