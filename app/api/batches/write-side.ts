import { Database } from "../../database/database.js";
import { IngestThread } from "../../ingest/uploads/ingest-thread.js";
import type { Settings } from "../../settings.js";
import type { Logger } from "../../telemetry/logger.js";
import type { ApiContext } from "../http/request.js";
import { PublishJobs } from "./publish-jobs.js";
import { UploadTurns } from "./upload-turns.js";
import { openWritePool, THREAD_CONNECTIONS } from "./write-pool.js";

/**
 * Everything that writes batches. An instance that does not know the primary, as in a second region, has no write side.
 */
export class WriteSide {
  readonly database: Database;
  /** The thread that loads and audits. */
  readonly thread: IngestThread;
  /** Publishes that continue after their requests. */
  readonly jobs: PublishJobs;
  readonly turns = new UploadTurns();
  /** Days after the first publish during which a batch can be retracted. */
  readonly retractableDays: number;

  /** Connects at the first write. @param databaseUrl address of the primary */
  constructor(databaseUrl: string, settings: Settings, logger: Logger) {
    this.database = new Database(openWritePool(databaseUrl, logger));
    this.thread = new IngestThread({ databaseUrl, connections: THREAD_CONNECTIONS, logger });
    this.retractableDays = settings.retractableDays;
    this.jobs = new PublishJobs(this.database, this.thread, logger, this.retractableDays);
  }

  /** The database for one request: no statement is tried again after the request's deadline. */
  databaseFor(ctx: ApiContext): Database {
    return this.database.until(ctx.state.deadlineMs);
  }

  /** The jobs stop first, because they use the thread and the pool. */
  async stop(): Promise<void> {
    await this.jobs.stop();
    await this.thread.stop();
    await this.database.pool.end();
  }
}
