import { type Feed, readFeeds } from "../ingest/feeds.js";
import { UsageError } from "./failure.js";

/** Options of `ingest run`, as commander passes them. */
export interface FeedOptions {
  readonly source?: string;
  readonly feed?: string;
  readonly mode?: "append" | "replace";
  readonly maxBadRows?: number;
  readonly deadline?: number;
  readonly rejects?: string;
  readonly force?: true;
  readonly match?: string;
  readonly dryRun?: true;
  readonly json?: true;
}

/**
 * Decides what to load: the given options, and for the others the values of `--feed` in the file of feeds.
 * @throws {UsageError} if neither says where the prices are.
 * @throws {FeedsFileError} if the file of feeds is wrong.
 */
export async function readFeedOptions(options: FeedOptions, feedsFile: string | undefined): Promise<Feed> {
  const { feed } = options;
  const feeds = feed !== undefined && feedsFile !== undefined ? await readFeeds(feedsFile) : undefined;
  const known = feed === undefined ? undefined : feeds?.get(feed);
  const source = options.source ?? known?.source;
  if (source === undefined) throw new UsageError(whyNoSource(feed, feedsFile, [...(feeds?.keys() ?? [])]));
  const mode = options.mode ?? known?.mode;
  if (mode === "replace" && feed === undefined) {
    throw new UsageError("--mode replace needs --feed: the one whose earlier prices it hides.");
  }
  return {
    source,
    mode,
    maxBadRows: options.maxBadRows ?? known?.maxBadRows,
    deadlineSeconds: options.deadline ?? known?.deadlineSeconds,
    rejects: options.rejects ?? known?.rejects,
  };
}

function whyNoSource(feed: string | undefined, feedsFile: string | undefined, known: readonly string[]): string {
  if (feed === undefined) {
    return "--source or --feed is needed: where the prices are, or a feed of the file that FEEDS_FILE names.";
  }
  if (feedsFile === undefined) return `--source is needed: FEEDS_FILE is not set, which would say what ${feed} loads.`;
  return `${feedsFile} has no feed ${feed}; it has ${known.join(", ") || "none"}.`;
}
