/** One change of the data that consumers see. */
export interface DatasetChange {
  /** The dataset version that this change made. */
  readonly version: number;
  /**
   * Milliseconds since 1970. After a failover that lost a change, another change may get the same version; the instant
   * tells the two apart.
   */
  readonly atMs: number;
}

/** First and last month of a range, as numbers from `monthOf`. */
export interface Months {
  readonly first: number;
  readonly last: number;
}

/** What an answer was read from. All of it was read in one snapshot. */
export interface DatasetReading {
  /** The dataset version of the snapshot. */
  readonly version: number;
  /**
   * The newest change among those of the places and those of the months that the answer spans. The answer stays the
   * same until a later version changes one of them. No two changes have both the same version and the same instant.
   */
  readonly newest: DatasetChange;
  /** Undefined if the answer is about places only. */
  readonly months: Months | undefined;
}

/** The last changes of the data: of all months at once, and of each month. */
export class DatasetState {
  /** The newest of all changes. */
  readonly newest: DatasetChange;
  readonly #all: DatasetChange;
  readonly #months: ReadonlyMap<number, DatasetChange>;

  /**
   * @param all the last change of all months at once
   * @param months the last change of each month that has changed after `all`
   */
  constructor(newest: DatasetChange, all: DatasetChange, months: ReadonlyMap<number, DatasetChange>) {
    this.newest = newest;
    this.#all = all;
    this.#months = months;
  }

  /** True if what an answer was read from is unchanged in this state; false if the reading is newer than the state. */
  holds({ version, newest, months }: DatasetReading): boolean {
    return version <= this.newest.version && isSame(newest, this.#newestOf(months));
  }

  #newestOf(months: Months | undefined): DatasetChange {
    let newest = this.#all;
    if (months === undefined) return newest;
    for (let month = months.first; month <= months.last; month += 1) {
      const change = this.#months.get(month);
      if (change !== undefined && change.version > newest.version) newest = change;
    }
    return newest;
  }
}

function isSame(one: DatasetChange, other: DatasetChange): boolean {
  return one.version === other.version && one.atMs === other.atMs;
}
