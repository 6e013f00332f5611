/** Which state of the data an answer was read from. */
export interface DatasetTag {
  /** Grows with every change a consumer can see. */
  readonly version: number;
  /** When it last changed, milliseconds since 1970. Tells two histories apart that share a number. */
  readonly changedAtMs: number;
  /** Both in one word: equal tags, equal data. */
  readonly tag: string;
}

/** @param changedAtMs milliseconds since 1970, as the database's row says and not this machine's clock. */
export function datasetTag(version: number, changedAtMs: number): DatasetTag {
  return { version, changedAtMs, tag: `${version}-${changedAtMs.toString(36)}` };
}
