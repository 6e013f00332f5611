/**
 * Moves numbers in ascending order until neighbours are at least `apart` from each other. None is moved over `most`.
 */
export function spreadApart(ascending: readonly number[], apart: number, most: number): number[] {
  const moved = [...ascending];
  for (let at = 1; at < moved.length; at++) moved[at] = Math.max(moved[at] ?? 0, (moved[at - 1] ?? 0) + apart);
  // Those that were pushed over the end push the ones before them back.
  for (let at = moved.length - 1, limit = most; at >= 0; at--, limit = (moved[at + 1] ?? 0) - apart)
    moved[at] = Math.min(moved[at] ?? 0, limit);
  return moved;
}
