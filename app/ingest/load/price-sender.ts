import { CopyIn } from "../../database/copy-in.js";
import type { Database } from "../../database/database.js";
import type { Session } from "../../database/queries.js";
import type { Rows } from "../parse/rows.js";
import { ensureMonths } from "./ensure-months.js";
import { copyPrices } from "./piece.sql.js";

/**
 * Of each, two locks are held until the piece is loaded, and those of all sessions together share one table of a few
 * thousand: with all the months that there may be, other sessions would get none.
 */
const MOST_MONTHS = 120;

/**
 * Sends the rows of a piece to the server, in its transaction. Two buffers take turns, so that parsing and sending
 * overlap.
 */
export class PriceSender {
  readonly #database: Database;
  readonly #session: Session;
  readonly #piece: { readonly batchId: number; readonly number: number };
  readonly #rows: Rows;
  /** Holds the rows on their way while the other buffer is filled. */
  #spare: Buffer;
  #copy: CopyIn | null = null;
  /** Where the rows go: aside, once they are of a month that is not to be had, or of too many. */
  #table: "prices" | "prices_aside" = "prices";
  #months = 0;

  /** @param database for the months, which are made on other connections than the session. */
  constructor(
    database: Database,
    session: Session,
    piece: { readonly batchId: number; readonly number: number },
    rows: Rows,
  ) {
    this.#database = database;
    this.#session = session;
    this.#piece = piece;
    this.#rows = rows;
    this.#spare = rows.createBuffer();
  }

  /** Hands the rows so far to the server, as soon as it has taken those before. */
  async send(): Promise<void> {
    const rows = this.#rows;
    if (rows.newMonths.length > 0) await this.#holdNewMonths();
    if (rows.length === 0) return;
    this.#copy ??= new CopyIn(this.#session.client, copyPrices(this.#table));
    const full = rows.buffer;
    await this.#copy.write(full.subarray(0, rows.length));
    rows.buffer = this.#spare;
    this.#spare = full;
    rows.clear();
  }

  /** Ends the COPY, if there is one, so that the session takes other statements. */
  async pause(): Promise<void> {
    await this.#copy?.finish();
    this.#copy = null;
  }

  async #holdNewMonths(): Promise<void> {
    const months = this.#rows.newMonths;
    this.#rows.newMonths = [];
    if (this.#table === "prices_aside") return;
    // A COPY that runs does not see partitions that were made after it began.
    await this.pause();
    this.#months += months.length;
    const held = this.#months <= MOST_MONTHS && (await ensureMonths(this.#database, months, this.#piece));
    if (!held) this.#table = "prices_aside";
  }
}
