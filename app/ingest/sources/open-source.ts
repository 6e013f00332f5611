import { openFileSource } from "./file-source.js";
import { openPipeSource } from "./pipe-source.js";
import { openS3Source } from "./s3-source.js";
import type { Source } from "./source.js";
import { SourceError } from "./source-error.js";

/**
 * The source that `--source` names: a path, a folder, `https://…`, `s3://bucket/prefix/`, or `-` for standard input.
 * @throws {SourceError} if there is nothing like that.
 * @throws {SourceUnavailableError} if it does not answer.
 */
export async function openSource(address: string, signal?: AbortSignal): Promise<Source> {
  if (address === "-") {
    return openPipeSource({ name: "standard input", location: "-", input: process.stdin });
  }
  const scheme = /^([a-z][a-z0-9+.-]+):\//i.exec(address)?.[1]?.toLowerCase();
  if (scheme === undefined) return openFileSource(address, signal);
  if (scheme === "http" || scheme === "https") {
    // Imported only here: its library takes a fifth of the time in which a command starts.
    const { openHttpSource } = await import("./http-source.js");
    return openHttpSource(address, signal);
  }
  if (scheme === "s3") return openS3Source(address, signal);
  // The address itself may hold a password.
  throw new SourceError(
    `${scheme}://… cannot be read: sources are files, folders, http(s)://…, s3://… or - for standard input.`,
  );
}
