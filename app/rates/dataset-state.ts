/** One change of what consumers see. */
export interface DatasetChange {
  /** The dataset version since then. */
  readonly version: number;
  /** Milliseconds since 1970. Tells two histories apart that share a number, as after a failover that lost one. */
  readonly atMs: number;
}

/** First and last of a range, as numbers of `monthOf`. */
export interface Months {
  readonly first: number;
  readonly last: number;
}

/** What an answer was read from, in one snapshot. */
export interface DatasetReading {
  /** The dataset version of the snapshot. */
  readonly version: number;
  /**
   * The newest change of the places and of the months that the answer spans. The answer is the same in all versions
   * from this one to the next that changes one of them; no other change has both this version and this instant.
   */
  readonly newest: DatasetChange;
  /** Undefined if it is about places alone. */
  readonly months: Months | undefined;
}

/** Which changes the data is made of. */
export class DatasetState {
  /** The newest change of all. */
  readonly newest: DatasetChange;
  readonly #all: DatasetChange;
  readonly #months: ReadonlyMap<number, DatasetChange>;

  /**
   * @param all the last change of all months at once
   * @param months the last one of each month that has changed since then
   */
  constructor(newest: DatasetChange, all: DatasetChange, months: ReadonlyMap<number, DatasetChange>) {
    this.newest = newest;
    this.#all = all;
    this.#months = months;
  }

  /** True if what an answer was read from is the same in this state, which is the same as its own or a later one. */
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
