import type { Channel } from "../../batches/delivery.js";

/** One delivery: a file, what an HTTP address or an S3 key holds, or standard input. It becomes one batch. */
export interface SourceObject {
  /** The name in reports: the last part of the path or address. */
  readonly name: string;
  /** Path or address in full, without credentials. */
  readonly location: string;
  readonly channel: Channel;
  /**
   * Equal for the same content under the same name, in any process: made of name, size, and ETag or time of
   * modification.
   */
  readonly identity: string;
  /** Size in bytes, as stored; null if it is known only at the end. */
  readonly bytes: number | null;
  /** True if each part can be read on its own, so that several workers can share the object. */
  readonly ranges: boolean;
  /** True if the object can be read again from its beginning; false for standard input. */
  readonly repeatable: boolean;
  /**
   * Reads the bytes from `from` (inclusive) to `to` (exclusive; null for the end). A chunk may be written over once the
   * next is requested. If {@link ranges} is false, `from` must be 0 and `to` null.
   * @throws {SourceChangedError} if the object has changed since it was opened.
   * @throws {SourceUnavailableError} if the object cannot be read this time.
   */
  read(from: number, to: number | null, signal?: AbortSignal): AsyncIterable<Buffer>;
  /**
   * Checks that the object is still the one that was opened. Call this after the last chunk.
   * @throws {SourceChangedError} {SourceUnavailableError} as `read`.
   */
  verify(): Promise<void>;
  /**
   * Looks at the object again, and returns what now has its name; null if that cannot be read. An object of a folder
   * may wait long behind a large one, and change in the meantime; `read` would refuse the old version.
   */
  lookAgain?(): Promise<SourceObject | null>;
}

/** An entry of a folder or prefix that cannot be read as a delivery. */
export interface UnreadableObject {
  readonly name: string;
  readonly error: Error;
}

/** A source: where deliveries come from. */
export interface Source {
  /**
   * True for a folder or prefix, false for a single object. Of a folder or prefix, deliveries that were loaded before
   * are left out.
   */
  readonly several: boolean;
  /**
   * Lists the objects in the order of their names. An object that cannot be read is listed with its error, and so is
   * the place where the list breaks off; the other objects can be loaded.
   * @throws {SourceError} {SourceUnavailableError} if there is no list at all.
   */
  list(signal?: AbortSignal): AsyncIterable<SourceObject | UnreadableObject>;
}
