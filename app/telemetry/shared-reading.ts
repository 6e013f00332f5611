/** What several metrics of one scrape, and several scrapers, read together of one source. */
export class SharedReading<Source, Reading> {
  readonly #keptMs: number;
  readonly #read: (source: Source) => Promise<Reading>;
  #source: Source | undefined;
  #reading: Promise<Reading | undefined> = Promise.resolve(undefined);
  #readAtMs = Number.NEGATIVE_INFINITY;

  /** @param keptMs how long a reading serves, in milliseconds. */
  constructor(keptMs: number, read: (source: Source) => Promise<Reading>) {
    this.#keptMs = keptMs;
    this.#read = read;
  }

  /** From now on the source is this one; undefined for none. What was read of another is forgotten. */
  watch(source: Source | undefined): void {
    this.#source = source;
    this.#readAtMs = Number.NEGATIVE_INFINITY;
  }

  /** Undefined without a source, and while it cannot be read. */
  current(): Promise<Reading | undefined> {
    if (performance.now() - this.#readAtMs > this.#keptMs) {
      this.#readAtMs = performance.now();
      this.#reading =
        this.#source === undefined ? Promise.resolve(undefined) : this.#read(this.#source).catch(() => undefined);
    }
    return this.#reading;
  }
}
