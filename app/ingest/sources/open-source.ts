import { openFileSource } from "./file-source.js";
import { openHttpSource } from "./http-source.js";
import { openPipeSource } from "./pipe-source.js";
import { openS3Source } from "./s3-source.js";
import type { Source } from "./source.js";
import { SourceError } from "./source-error.js";

/**
 * Opens the source that `--source` names: a path, a folder, `https://…`, `s3://bucket/prefix/`, or `-` for standard
 * input.
 * @throws {SourceError} if there is no such source.
 * @throws {SourceUnavailableError} if the source does not answer.
 */
export async function openSource(address: string, signal?: AbortSignal): Promise<Source> {
  if (address === "-") {
    return openPipeSource({ name: "standard input", location: "-", input: process.stdin });
  }
  const scheme = /^([a-z][a-z0-9+.-]+):\//i.exec(address)?.[1]?.toLowerCase();
  if (scheme === undefined) return openFileSource(address, signal);
  if (scheme === "http" || scheme === "https") return openHttpSource(address, signal);
  if (scheme === "s3") return openS3Source(address, signal);
  // The message does not repeat the address, because it may hold a password.
  throw new SourceError(
    `${scheme}://… cannot be read: sources are files, folders, http(s)://…, s3://… or - for standard input.`,
  );
}
