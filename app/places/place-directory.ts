import type { Queries } from "../database/queries.js";
import type { DatasetReading, DatasetState } from "../rates/dataset-state.js";
import { readDirectory } from "./place-directory.sql.js";
import { PlaceIndex } from "./place-index.js";

/** Every place, as it was in one version of the data. */
export interface DirectoryReading {
  readonly dataset: DatasetReading;
  readonly index: PlaceIndex;
}

/**
 * Keeps every place in memory, so that a search or a suggestion costs the database nothing. There may be a hundred
 * thousand ports; reading them anew for each misspelt code would keep this process and the database busy.
 */
export class PlaceDirectory {
  readonly #currentState: () => DatasetState | undefined;
  #held: DirectoryReading | undefined;

  /** @param currentState what is polled of the data; undefined if that is not known, and then places are read again. */
  constructor(currentState: () => DatasetState | undefined) {
    this.#currentState = currentState;
  }

  /** The places if they are in memory and still right, in the newest version that they are known to be right in. */
  get current(): DirectoryReading | undefined {
    const state = this.#currentState();
    const held = this.#held;
    if (state === undefined || held === undefined || !state.holds(held.dataset)) return undefined;
    return { index: held.index, dataset: { ...held.dataset, version: state.newest.version } };
  }

  /** From memory if possible, else from the database. */
  async read(queries: Queries): Promise<DirectoryReading> {
    const current = this.current;
    if (current !== undefined) return current;
    const row = await queries.row(readDirectory);
    if (row === undefined) throw new Error("the table `dataset` has lost its row");
    const newest = { version: Number(row.all_version), atMs: Number(row.all_changed_at_ms) };
    const dataset = { version: Number(row.version), newest, months: undefined };
    this.#held = { dataset, index: new PlaceIndex(row.places) };
    return this.#held;
  }
}
