import { matching } from "../ingest/sources/matching.js";
import { openSource } from "../ingest/sources/open-source.js";
import type { Source } from "../ingest/sources/source.js";
import { UsageError } from "./failure.js";

/**
 * Opens the source of a run.
 * @param pattern of `--match`; undefined if all deliveries are wanted.
 * @throws {UsageError} if a pattern is given for a source that is a single delivery.
 * @throws as {@link openSource}
 */
export async function openDeliveries(
  address: string,
  pattern: string | undefined,
  signal: AbortSignal,
): Promise<Source> {
  const source = await openSource(address, signal);
  if (pattern === undefined) return source;
  if (!source.several) throw new UsageError("--match needs a folder, or a prefix of S3, as the source.");
  return matching(source, pattern);
}
