/**
 * A checksum of prices that does not depend on their order, so that a delivery has the same one however it was split
 * into pieces, compressed or sorted: two 32-bit halves, each the sum modulo 2^32 of a hash of every price. It finds
 * equal deliveries; it is no defence against somebody who wants two to look equal.
 */
export function formatChecksum(high: number, low: number): string {
  return hex(high) + hex(low);
}

/** The checksum of all the prices that these checksums stand for. */
export function combineChecksums(checksums: Iterable<string>): string {
  let high = 0;
  let low = 0;
  for (const checksum of checksums) {
    high = (high + Number.parseInt(checksum.slice(0, 8), 16)) | 0;
    low = (low + Number.parseInt(checksum.slice(8, 16), 16)) | 0;
  }
  return formatChecksum(high, low);
}

function hex(half: number): string {
  return (half >>> 0).toString(16).padStart(8, "0");
}
