import { openFileSource } from "./file-source.js";
import type { Source } from "./source.js";

/**
 * The source that `--source` names: a path, a folder, `https://…`, `s3://bucket/prefix`, or `-` for standard input.
 * @throws {SourceError} if there is nothing like that.
 */
export async function openSource(address: string, _signal?: AbortSignal): Promise<Source> {
  return openFileSource(address);
}
