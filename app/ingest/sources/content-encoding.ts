import { SourceError } from "./source-error.js";

/** Values that mean no compression. `aws-chunked` is about the upload to a store, and some stores keep it. */
const NONE = new Set(["", "identity", "aws-chunked"]);
const READABLE = new Set(["gzip", "x-gzip", "zstd"]);

/**
 * Refuses content with a Content-Encoding that cannot be read. gzip and zstd are recognized by their first bytes; any
 * other encoding, or several of them, could not be recognized.
 * @throws {SourceError} for a Content-Encoding other than gzip or zstd.
 */
export function refuseUnreadable(location: string, contentEncoding: string | null | undefined): void {
  const encodings = (contentEncoding ?? "")
    .toLowerCase()
    .split(",")
    .map((each) => each.trim());
  const [first, ...others] = encodings.filter((each) => !NONE.has(each));
  if (first === undefined || (others.length === 0 && READABLE.has(first))) return;
  throw new SourceError(
    `${location} is stored with Content-Encoding ${contentEncoding}; only gzip and zstd can be read.`,
  );
}
