const CODE_BYTES = 5;

/**
 * Port codes to ids, looked up in the bytes of a file: a string for every code of a line would cost more than all the
 * rest of parsing. Open addressing at a load of at most a quarter, so that nearly every look-up is one probe.
 */
export class PortTable {
  readonly size: number;
  readonly #mask: number;
  /** First four bytes of the code in each slot. */
  readonly #heads: Int32Array;
  /** Fifth byte; 0 where the slot is empty. */
  readonly #tails: Uint8Array;
  readonly #ids: Int32Array;

  /** @param ports codes of five ASCII characters; ids above 0. */
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

  /** The id of the port whose code is the five bytes from `at` on; 0 if there is none. They must be in bounds. */
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
