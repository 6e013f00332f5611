import type { Channel } from "../../batches/delivery.js";

/** One delivery: a file, what an HTTP address or an S3 key holds, or standard input. It becomes one batch. */
export interface SourceObject {
  /** What reports call it: the last part of the path. */
  readonly name: string;
  /** Path or address in full, without credentials. */
  readonly location: string;
  readonly channel: Channel;
  /** The same for the same content under the same name, in any process: name, size, and ETag or modification time. */
  readonly identity: string;
  /** Bytes as stored; null if they are not known before the end. */
  readonly bytes: number | null;
  /** True if any part can be read on its own: several workers can share the object. */
  readonly ranges: boolean;
  /** True if it can be read again from its beginning; false for standard input. */
  readonly repeatable: boolean;
  /**
   * Bytes from `from` (inclusive) to `to` (exclusive; null for the end). A chunk may be written over once the next is
   * asked for. Without {@link ranges}, `from` must be 0 and `to` null.
   * @throws {SourceChangedError} if it is not the object any more that was opened.
   * @throws {SourceUnavailableError} if it cannot be read just now.
   */
  read(from: number, to: number | null, signal?: AbortSignal): AsyncIterable<Buffer>;
  /** @throws {SourceChangedError} as `read`; to be called behind the last chunk. */
  verify(): Promise<void>;
  /**
   * The object that is there by now under this name, where `read` would refuse it: behind a large one of a folder,
   * others wait for long. Null if it cannot be had.
   */
  lookAgain?(): Promise<SourceObject | null>;
}

/** What stands among the deliveries of a folder or prefix and cannot be read as one. */
export interface UnreadableObject {
  readonly name: string;
  readonly error: Error;
}

/** Where batches come from. */
export interface Source {
  /** A folder or prefix rather than one object: what is known already is left out. */
  readonly several: boolean;
  /**
   * Objects in the order of their names. One that cannot be read is told of, and so is where the list breaks off:
   * the others are loaded all the same.
   * @throws {SourceError} {SourceUnavailableError} if there is no list at all.
   */
  list(signal?: AbortSignal): AsyncIterable<SourceObject | UnreadableObject>;
}
