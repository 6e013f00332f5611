import { watchIngest } from "../batches/batch-metrics.js";
import { Database } from "../database/database.js";
import { ReadSide, type ReadSourceOptions } from "../database/read-side.js";
import { PlaceDirectory } from "../places/place-directory.js";
import { watchCacheBytes, watchDataset } from "../rates/dataset-metrics.js";
import { DatasetVersion } from "../rates/dataset-version.js";
import { RatesFinder } from "../rates/find-rates.js";
import type { Settings } from "../settings.js";
import { queryRetries, sourceAway, watchPool } from "../telemetry/database-metrics.js";
import { EventLoopLag } from "../telemetry/event-loop.js";
import { Health } from "../telemetry/health.js";
import type { Logger } from "../telemetry/logger.js";
import { watchFolds } from "../upkeep/fold-metrics.js";
import { AnswerCache } from "./answers/answer-cache.js";
import type { ApiServices } from "./api.js";
import { WriteSide } from "./batches/write-side.js";
import { WriteTokens } from "./batches/write-tokens.js";
import { closeReadPools, openReadPools } from "./read-pools.js";

/** Everything that a running server keeps open. */
export interface OpenServices extends ApiServices {
  readonly health: Health;
  /** The version of the data. It is polled once it is started. */
  readonly version: DatasetVersion;
  /** Makes the process not ready. From now on, answers tell clients to close their connections. */
  beginDrain(): void;
  close(): Promise<void>;
}

/**
 * Makes everything that the API needs in order to answer requests. It connects to no database yet, so a database that
 * is away causes no error here.
 */
export function openServices(settings: Settings, logger: Logger): OpenServices {
  const pools = openReadPools(settings, logger);
  const reads = openReadSide(pools, logger);
  const { databaseUrl } = settings;
  const writes = databaseUrl === undefined ? undefined : new WriteSide(databaseUrl, settings, logger);
  const version = new DatasetVersion(reads);
  const answers = new AnswerCache(settings.cacheBytes, () => version.current);
  const lag = new EventLoopLag();
  let draining = false;
  const health = new Health();
  health.add("draining", () => (draining ? "the process is stopping" : undefined));
  health.add("database", () => (version.current === undefined ? whyUnknown(version) : undefined));
  const unwatch = watch(pools, writes, version, answers);
  return {
    settings,
    logger,
    reads,
    answers,
    load: {
      eventLoopLagMs: () => lag.lagMs,
      maxEventLoopLagMs: settings.maxEventLoopLagMs,
      waitingQueries: () => reads.waiting,
      maxWaitingQueries: settings.maxWaitingQueries,
    },
    finder: new RatesFinder(),
    places: new PlaceDirectory(() => version.current),
    writes,
    tokens: new WriteTokens(settings.writeTokensFile, logger),
    isDraining: () => draining,
    health,
    version,
    beginDrain: () => {
      draining = true;
    },
    async close() {
      version.stop();
      reads.stop();
      lag.stop();
      unwatch();
      await writes?.stop();
      await closeReadPools(pools);
    },
  };
}

function openReadSide(sources: readonly ReadSourceOptions[], logger: Logger): ReadSide {
  for (const { name } of sources) sourceAway.set({ source: name }, 0);
  return new ReadSide({
    sources,
    onRetry: () => queryRetries.inc(),
    onSourceChange: (source, away, error) => {
      sourceAway.set({ source }, away ? 1 : 0);
      if (away) logger.warn({ source, error }, "reads leave a database that does not answer");
      else logger.info({ source }, "reads are back");
    },
  });
}

/** Shows these services in the metrics. @returns a function that ends this. */
function watch(
  pools: readonly ReadSourceOptions[],
  writes: WriteSide | undefined,
  version: DatasetVersion,
  answers: AnswerCache,
): () => void {
  const forget = pools.map(({ name, pool }) => watchPool(`read ${name}`, pool));
  if (writes !== undefined) {
    forget.push(watchPool("write", writes.database.pool), watchPool("ingest", writes.thread));
  }
  // A server without access to the primary reads the state of batches from its replica.
  const told = writes?.database ?? (pools[0] && new Database(pools[0].pool));
  watchIngest(told);
  watchFolds(told);
  forget.push(
    () => watchIngest(undefined),
    () => watchFolds(undefined),
  );
  watchDataset(version);
  watchCacheBytes(() => answers.bytes);
  return () => {
    for (const end of forget) end();
  };
}

function whyUnknown(version: DatasetVersion): string {
  return version.lastError instanceof Error ? version.lastError.message : "no database has answered yet";
}
