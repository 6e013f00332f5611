import { access, constants } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";
import Knex from "knex";
import { watchIngest } from "../batches/batch-metrics.js";
import { Database } from "../database/database.js";
import { closePool, openPool } from "../database/pool.js";
import { ReadSide, type ReadSourceOptions } from "../database/read-side.js";
import { IngestThread } from "../ingest/uploads/ingest-thread.js";
import { type Listening, listen } from "../listen.js";
import { watchCacheBytes, watchDataset } from "../rates/dataset-metrics.js";
import { DatasetVersion } from "../rates/dataset-version.js";
import { type Settings, SettingsError } from "../settings.js";
import { systemReason } from "../system-reason.js";
import { type AdminServer, startAdminServer } from "../telemetry/admin-server.js";
import { queryRetries, sourceAway, watchPool } from "../telemetry/database-metrics.js";
import { EventLoopLag } from "../telemetry/event-loop.js";
import { Health } from "../telemetry/health.js";
import type { Logger } from "../telemetry/logger.js";
import { watchFolds } from "../upkeep/fold-metrics.js";
import { AnswerCache } from "./answers/answer-cache.js";
import { createApi } from "./api.js";
import { PublishJobs } from "./batches/publish-jobs.js";
import { openWritePool, THREAD_CONNECTIONS } from "./batches/write-pool.js";
import { WriteTokens } from "./batches/write-tokens.js";
import { createHttpServer, drain } from "./http/http-server.js";

export interface RunningServer {
  /** Such as http://127.0.0.1:3000 */
  readonly apiUrl: string;
  readonly adminUrl: string;
  /** What both are bound to, such as [::]:3000 */
  readonly addresses: readonly string[];
  /**
   * Stops without losing a request: not ready at once, serving on for PRE_STOP_SECONDS, then no new connections while
   * requests under way finish (DRAIN_SECONDS at most), then the pools. Can be called again; resolves when all is closed.
   */
  stop(): Promise<void>;
}

export interface ServerOptions {
  /** With `databaseUrl`, `databaseReadUrl` or both. */
  readonly settings: Settings;
  readonly logger: Logger;
}

/**
 * Starts the API and the admin server. The database may be away: requests are answered 503 until it is there.
 * @throws {SettingsError} if the file of write tokens cannot be read.
 * @throws {ListenError}
 * @throws if a port is taken.
 */
export async function startServer({ settings, logger }: ServerOptions): Promise<RunningServer> {
  const { writeTokensFile } = settings;
  if (writeTokensFile !== undefined) {
    await access(writeTokensFile, constants.R_OK).catch((error: unknown) => {
      throw new SettingsError([`WRITE_TOKENS_FILE: names a file that cannot be read: ${systemReason(error)}`]);
    });
  }
  const pools = openReadPools(settings, logger);
  const reads = new ReadSide({
    sources: pools,
    onRetry: () => queryRetries.inc(),
    onSourceChange: (source, away, error) => {
      sourceAway.set({ source }, away ? 1 : 0);
      if (away) logger.warn({ source, error }, "reads leave a database that does not answer");
      else logger.info({ source }, "reads are back");
    },
  });
  const writePool = openWritePool(settings, logger);
  const writes = writePool && new Database(writePool);
  const thread =
    settings.databaseUrl === undefined
      ? undefined
      : new IngestThread({ databaseUrl: settings.databaseUrl, connections: THREAD_CONNECTIONS, logger });
  const jobs = writes && thread && new PublishJobs(writes, thread, logger, settings.retractableDays);
  const version = new DatasetVersion(reads);
  const answers = new AnswerCache(settings.cacheBytes, () => version.current?.tag);
  const lag = new EventLoopLag();
  const health = new Health();
  let draining = false;
  health.add("draining", () => (draining ? "the process is stopping" : undefined));
  health.add("database", () => (version.current === undefined ? whyUnknown(version) : undefined));
  for (const { name } of pools) sourceAway.set({ source: name }, 0);
  const unwatch = pools.map(({ name, pool }) => watchPool(`read ${name}`, pool));
  if (writePool !== undefined) unwatch.push(watchPool("write", writePool));
  if (thread !== undefined) unwatch.push(watchPool("ingest", thread));
  // Most servers only read, and the replicas know the same.
  const told = writes ?? (pools[0] && new Database(pools[0].pool));
  watchIngest(told);
  watchFolds(told);
  unwatch.push(() => watchIngest(undefined));
  unwatch.push(() => watchFolds(undefined));
  watchDataset(version);
  watchCacheBytes(() => answers.bytes);

  const app = await createApi({
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
    knex: Knex({ client: "pg" }),
    writes,
    thread,
    jobs,
    tokens: new WriteTokens(writeTokensFile, logger),
    isDraining: () => draining,
  });
  const server = createHttpServer(app.callback(), logger);

  async function close(): Promise<void> {
    version.stop();
    reads.stop();
    lag.stop();
    for (const forget of unwatch) forget();
    await jobs?.stop();
    await thread?.stop();
    await Promise.all(
      [...pools.flatMap(({ pool, polls }) => [pool, polls]), ...(writePool ? [writePool] : [])].map(closePool),
    );
    await admin?.stop();
  }

  async function stop(): Promise<void> {
    draining = true;
    // For balancers to look away: a connection that is being made when the listener closes is reset by the kernel, and no
    // code here can prevent that.
    await sleep(settings.preStopSeconds * 1000);
    await drain(server, settings.drainSeconds * 1000);
    await close();
  }

  let admin: AdminServer | undefined;
  let api: Listening;
  try {
    admin = await startAdminServer({ host: settings.host, port: settings.adminPort, health });
    await version.start();
    api = await listen(server, settings.port, settings.host);
    // Without tokens nothing is uploaded, and a process that only reads leaves the primary alone.
    if (settings.writeTokensFile !== undefined) jobs?.lookAfterOthers();
  } catch (error) {
    await close();
    throw error;
  }
  let stopping: Promise<void> | undefined;
  return {
    apiUrl: api.url,
    adminUrl: admin.url,
    addresses: [api.address, admin.address],
    stop: () => {
      stopping ??= stop();
      return stopping;
    },
  };
}

/** Replicas first, then the primary; one source where there is one address. */
function openReadPools(settings: Settings, logger: Logger): ReadSourceOptions[] {
  const open = (name: string, url: string): ReadSourceOptions => {
    const options = {
      url,
      applicationName: "ratesapp read",
      statementTimeoutMs: settings.statementTimeoutMs,
      onConnectionError: (error: Error) => logger.debug({ error, source: name }, "a database connection broke"),
    };
    return {
      name,
      pool: openPool({ ...options, size: settings.databasePoolSize }),
      polls: openPool({ ...options, size: 1 }),
    };
  };
  const { databaseUrl, databaseReadUrl } = settings;
  const sources: ReadSourceOptions[] = [];
  if (databaseReadUrl !== undefined && databaseReadUrl !== databaseUrl) sources.push(open("replica", databaseReadUrl));
  if (databaseUrl !== undefined) sources.push(open("primary", databaseUrl));
  if (sources.length === 0) throw new Error("neither databaseUrl nor databaseReadUrl is set");
  return sources;
}

function whyUnknown(version: DatasetVersion): string {
  return version.lastError instanceof Error ? version.lastError.message : "no database has answered yet";
}
