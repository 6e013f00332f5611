const SHOWN_ON_TERMINAL = 20;

/**
 * Lines for standard error. A terminal gets the first ones and a hint where the others are; a file or pipe gets all.
 */
export function firstLines(lines: readonly string[], elsewhere: string): readonly string[] {
  const more = lines.length - SHOWN_ON_TERMINAL;
  if (!process.stderr.isTTY || more <= 0) return lines;
  return [...lines.slice(0, SHOWN_ON_TERMINAL), `… and ${more.toLocaleString("en-US")} more; ${elsewhere}`];
}
