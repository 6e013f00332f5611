const LEAST_BYTES = 4 * 1024;

/**
 * Bytes that are collected from chunks of any size. The buffer doubles when it is full: copying everything for each
 * chunk would take minutes for a line of 1 MiB that comes byte by byte.
 */
export class GrowingBuffer {
  #buffer: Buffer = Buffer.alloc(0);
  length = 0;

  append(chunk: Buffer): void {
    const length = this.length + chunk.length;
    if (length > this.#buffer.length) {
      const larger = Buffer.allocUnsafeSlow(Math.max(LEAST_BYTES, 2 * this.#buffer.length, length));
      this.#buffer.copy(larger, 0, 0, this.length);
      this.#buffer = larger;
    }
    chunk.copy(this.#buffer, this.length);
    this.length = length;
  }

  /** The bytes so far; valid until the next `append`. */
  get bytes(): Buffer {
    return this.#buffer.subarray(0, this.length);
  }

  clear(): void {
    this.length = 0;
  }
}
