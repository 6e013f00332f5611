/** The longest line that is parsed. A longer line is bad, whatever it holds. */
export const MAX_LINE_BYTES = 1024 * 1024;
