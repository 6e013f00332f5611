/** What part of how much an answer holds; `to` is exclusive. */
export interface ContentRange {
  readonly from: number;
  readonly to: number;
  readonly total: number;
}

/** Reads a Content-Range such as `bytes 0-99/1234`; null for any other text, and for none. */
export function readContentRange(header: string | null | undefined): ContentRange | null {
  const [, first, last, total] = /^bytes (\d+)-(\d+)\/(\d+)$/.exec(header ?? "") ?? [];
  return first === undefined ? null : { from: Number(first), to: Number(last) + 1, total: Number(total) };
}
