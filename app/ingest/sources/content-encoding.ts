import { SourceError } from "./source-error.js";

/** `aws-chunked` was said of the way into a store, and some stores keep it. */
const NONE = new Set(["", "identity", "aws-chunked"]);
const READABLE = new Set(["gzip", "x-gzip", "zstd"]);

/**
 * Which compression it is, is told from the bytes; but of others, or of several, the bytes tell nothing.
 * @throws {SourceError} for content that is stored with a Content-Encoding other than gzip or zstd.
 */
export function refuseUnreadable(location: string, contentEncoding: string | null | undefined): void {
  const encodings = (contentEncoding ?? "")
    .toLowerCase()
    .split(",")
    .map((each) => each.trim());
  const [first, ...others] = encodings.filter((each) => !NONE.has(each));
  if (first === undefined || (others.length === 0 && READABLE.has(first))) return;
  throw new SourceError(`${location} is stored with Content-Encoding ${contentEncoding}; it may be gzip or zstd.`);
}
