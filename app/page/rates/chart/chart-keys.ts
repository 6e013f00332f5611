const STEPS: Readonly<Record<string, number>> = {
  ArrowLeft: -1,
  ArrowRight: 1,
  ArrowDown: -1,
  ArrowUp: 1,
  PageDown: -7,
  PageUp: 7,
};

/**
 * The day on which a key puts the cursor; null if the key takes the cursor away; undefined if the key does nothing.
 * @param at index of the day on which the cursor is
 * @param last index of the last day
 */
export function dayAfterKey(key: string, at: number, last: number): number | null | undefined {
  if (key === "Home") return 0;
  if (key === "End") return last;
  if (key === "Escape") return null;
  const by = STEPS[key];
  return by === undefined ? undefined : Math.min(last, Math.max(0, at + by));
}
