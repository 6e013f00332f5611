/** Why a batch with so many prices and bad lines fails; null if it does not. */
export function faultOfContent(rows: number, rejected: number, maxBadRows: number): string | null {
  if (rejected > maxBadRows) {
    const allowed = maxBadRows === 0 ? "" : `; ${maxBadRows} are allowed`;
    return `${rejected} bad ${rejected === 1 ? "line" : "lines"}${allowed}.`;
  }
  return rows === 0 ? "It holds no prices." : null;
}
