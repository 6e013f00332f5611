/** A reading that several metrics and several scrapers share, so that the source is read only once for all of them. */
export class SharedReading<Source, Reading> {
  readonly #keptMs: number;
  readonly #read: (source: Source) => Promise<Reading>;
  #source: Source | undefined;
  #reading: Promise<Reading | undefined> = Promise.resolve(undefined);
  #readAtMs = Number.NEGATIVE_INFINITY;

  /** @param keptMs how long a reading is used before the source is read again, in milliseconds. */
  constructor(keptMs: number, read: (source: Source) => Promise<Reading>) {
    this.#keptMs = keptMs;
    this.#read = read;
  }

  /** Reads from this source from now on; undefined for none. The last reading of another source is dropped. */
  watch(source: Source | undefined): void {
    this.#source = source;
    this.#readAtMs = Number.NEGATIVE_INFINITY;
  }

  /** The current reading; undefined if there is no source or it cannot be read. */
  current(): Promise<Reading | undefined> {
    if (performance.now() - this.#readAtMs > this.#keptMs) {
      this.#readAtMs = performance.now();
      this.#reading =
        this.#source === undefined ? Promise.resolve(undefined) : this.#read(this.#source).catch(() => undefined);
    }
    return this.#reading;
  }
}
