import { CopyIn } from "../../database/copy-in.js";
import type { Database } from "../../database/database.js";
import type { Session } from "../../database/queries.js";
import type { Rows } from "../parse/rows.js";
import { ensureMonths } from "./ensure-months.js";
import { copyPrices } from "./piece.sql.js";

/**
 * A transaction holds two locks for each month until its piece is loaded. All sessions together share a table of a few
 * thousand locks. A piece with very many months could take all of them, and other sessions would get none.
 */
const MOST_MONTHS = 120;

/**
 * Sends the rows of a piece to the server, in the transaction of the piece. It switches between two buffers, so that
 * one is filled while the other is sent.
 */
export class PriceSender {
  readonly #database: Database;
  readonly #session: Session;
  readonly #piece: { readonly batchId: number; readonly number: number };
  readonly #rows: Rows;
  /** Holds the rows that are being sent, while the other buffer is filled. */
  #spare: Buffer;
  #copy: CopyIn | null = null;
  /**
   * The table that the rows go to. It is `prices_aside` from the moment when a month cannot be held, or when the piece
   * has too many months.
   */
  #table: "prices" | "prices_aside" = "prices";
  #months = 0;

  /** @param database makes the months, on other connections than that of the session. */
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

  /** Sends the rows so far to the server. Waits until the server has taken the rows before. */
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

  /** Ends the COPY, if one runs, so that the session can run other statements. */
  async pause(): Promise<void> {
    await this.#copy?.finish();
    this.#copy = null;
  }

  async #holdNewMonths(): Promise<void> {
    const months = this.#rows.newMonths;
    this.#rows.newMonths = [];
    if (this.#table === "prices_aside") return;
    // A running COPY does not see partitions that were made after it began.
    await this.pause();
    this.#months += months.length;
    const held = this.#months <= MOST_MONTHS && (await ensureMonths(this.#database, months, this.#piece));
    if (!held) this.#table = "prices_aside";
  }
}
