/**
 * A checksum of prices that does not depend on their order. So a delivery has the same checksum however it was sorted,
 * compressed or split into pieces. It has two 32-bit halves, each the sum modulo 2^32 of a hash of every price. It
 * finds equal deliveries, and rows that were lost or changed. It does not protect against a client that makes two
 * deliveries look equal on purpose.
 */
export class Checksum {
  #high = 0;
  #low = 0;

  /** @param day days since 2000-01-01. */
  add(originId: number, destinationId: number, day: number, price: number): void {
    let high = Math.imul(originId, 0x9e3779b1) ^ Math.imul(destinationId, 0x85ebca77);
    let low = Math.imul(originId, 0x2c1b3c6d) ^ Math.imul(destinationId, 0x297a2d39);
    high = Math.imul(high ^ (high >>> 15), 0xc2b2ae3d) ^ Math.imul(day, 0x27d4eb2f);
    low = Math.imul(low ^ (low >>> 13), 0x165667b1) ^ Math.imul(day, 0x9e3779b1);
    high = Math.imul(high ^ (high >>> 13), 0x85ebca6b) ^ Math.imul(price, 0xc2b2ae35);
    low = Math.imul(low ^ (low >>> 15), 0x2c1b3c6d) ^ Math.imul(price, 0x297a2d39);
    high = Math.imul(high ^ (high >>> 16), 0x85ebca6b);
    low = Math.imul(low ^ (low >>> 16), 0xc2b2ae35);
    this.#high = (this.#high + (high ^ (high >>> 13))) | 0;
    this.#low = (this.#low + (low ^ (low >>> 15))) | 0;
  }

  /** 16 hexadecimal digits. */
  toString(): string {
    return format(this.#high, this.#low);
  }
}

/** The checksum of all prices together, from the checksums of their parts. */
export function combineChecksums(checksums: Iterable<string>): string {
  let high = 0;
  let low = 0;
  for (const checksum of checksums) {
    high = (high + Number.parseInt(checksum.slice(0, 8), 16)) | 0;
    low = (low + Number.parseInt(checksum.slice(8, 16), 16)) | 0;
  }
  return format(high, low);
}

function format(high: number, low: number): string {
  return hex(high) + hex(low);
}

function hex(half: number): string {
  return (half >>> 0).toString(16).padStart(8, "0");
}
