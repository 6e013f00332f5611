const CODE_BYTES = 5;

/**
 * Finds the id of a port by its code, directly in the bytes of a file: making a string of each code would cost more
 * than all the rest of parsing. A hash table with open addressing, of which at most a quarter is filled, so that nearly
 * every look-up needs only one probe.
 */
export class PortTable {
  readonly size: number;
  readonly #mask: number;
  /** First four bytes of the code in each slot. */
  readonly #heads: Int32Array;
  /** Fifth byte of the code in each slot; 0 if the slot is empty. */
  readonly #tails: Uint8Array;
  readonly #ids: Int32Array;

  /**
   * @param ports their codes have five ASCII characters, and their ids are above 0.
   * @throws {RangeError} for a code of another length.
   */
  constructor(ports: Iterable<{ readonly code: string; readonly id: number }>) {
    const all = [...ports];
    const slots = 2 ** Math.ceil(Math.log2(Math.max(16, all.length * 4)));
    this.size = all.length;
    this.#mask = slots - 1;
    this.#heads = new Int32Array(slots);
    this.#tails = new Uint8Array(slots);
    this.#ids = new Int32Array(slots);
    for (const { code, id } of all) {
      const bytes = Buffer.from(code, "latin1");
      if (bytes.length !== CODE_BYTES) throw new RangeError(`A port code has ${CODE_BYTES} letters: ${code}`);
      const head = bytes.readInt32BE(0);
      const tail = bytes.readUInt8(4);
      let slot = hash(head, tail) & this.#mask;
      while (this.#tails[slot] !== 0) slot = (slot + 1) & this.#mask;
      this.#heads[slot] = head;
      this.#tails[slot] = tail;
      this.#ids[slot] = id;
    }
  }

  /**
   * The id of the port whose code is in the five bytes from `at` on; 0 if there is none. All five bytes must be inside
   * of `bytes`.
   */
  find(bytes: Uint8Array, at: number): number {
    const head =
      ((bytes[at] as number) << 24) |
      ((bytes[at + 1] as number) << 16) |
      ((bytes[at + 2] as number) << 8) |
      (bytes[at + 3] as number);
    const tail = bytes[at + 4] as number;
    for (let slot = hash(head, tail) & this.#mask; ; slot = (slot + 1) & this.#mask) {
      const found = this.#tails[slot];
      if (found === 0) return 0;
      if (found === tail && this.#heads[slot] === head) return this.#ids[slot] as number;
    }
  }
}

function hash(head: number, tail: number): number {
  const mixed = Math.imul(head ^ Math.imul(tail, 0x9e3779b1), 0x85ebca6b);
  return mixed ^ (mixed >>> 15);
}
