/** Longest line that is read; a longer one is a bad line, whatever it holds. */
export const MAX_LINE_BYTES = 1024 * 1024;
