/** The part that an answer holds, in bytes of the whole object; `to` is exclusive. */
export interface ContentRange {
  readonly from: number;
  readonly to: number;
  readonly total: number;
}

/** Reads a Content-Range such as `bytes 0-99/1234`. Null for any other text, and if there is none. */
export function readContentRange(header: string | null | undefined): ContentRange | null {
  const [, first, last, total] = /^bytes (\d+)-(\d+)\/(\d+)$/.exec(header ?? "") ?? [];
  return first === undefined ? null : { from: Number(first), to: Number(last) + 1, total: Number(total) };
}
