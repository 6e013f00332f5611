import { readClock } from "../batches/plan.sql.js";
import { workerName } from "../batches/worker-name.js";
import type { Database } from "../database/database.js";
import { isTransient } from "../database/sqlstates.js";
import { SpareSums } from "../rates/roll-up/spare-sums.js";
import { Folder } from "../upkeep/folder.js";
import { SUMS_BYTES } from "./audit/audit.js";
import { DEFAULT_FEED } from "./feeds.js";
import { runInOrder, type Task } from "./in-order.js";
import {
  type BatchReport,
  type DeliveryOptions,
  failAbandoned,
  isSmall,
  type PlannedDelivery,
  type PublishingWorker,
  planDelivery,
  SMALL_AT_ONCE,
} from "./ingest-delivery.js";
import { listNew } from "./list-new.js";
import { requirePorts } from "./load/read-ports.js";
import { openSource } from "./sources/open-source.js";
import type { Source } from "./sources/source.js";
import { listAbandonedPipes } from "./work/load-stream.sql.js";

export type { BatchReport };

export interface IngestOptions extends DeliveryOptions {
  /**
   * With a pool of at least six connections, without a statement timeout. Its signal asks to stop: pieces are given
   * back, and another run goes on from there.
   */
  readonly database: Database;
  /** A path, a folder, `https://…`, `s3://bucket/prefix`, `-` for standard input, or a source that is open. */
  readonly source: string | Source;
  /** Name of the feed; {@link DEFAULT_FEED} if none is given. */
  readonly feed?: string;
  /** Told of each delivery when it has ended, whatever becomes of those behind it. */
  readonly onReport?: (report: BatchReport) => void | Promise<void>;
}

/** Some of several deliveries could not be worked on, for the reasons in `errors`; the others were. */
export class DeliveriesError extends AggregateError {
  constructor(errors: readonly Error[]) {
    super(errors, errors.map(({ message }) => message).join("\n"));
    this.name = "DeliveriesError";
  }
}

/**
 * Loads what the source holds: each object (file, key, address) as one batch, which is published as a whole when all
 * its pieces are loaded and audited, or fails as a whole. Any number of processes may run this for the same source at
 * the same time and share the work. Of a folder or prefix, objects that were loaded already are left out, and those
 * that failed before are only reported. Small ones overlap; they are published in the order of their names all the
 * same.
 *
 * ```ts
 * const [report] = await ingestSource({ database, source: "prices.csv" });
 * ```
 * @returns a report for each object that was worked on, that failed before, or that this run was given by name.
 * @throws {SourceError} if there is no such source.
 * @throws {PortsMissingError} while the database knows no ports.
 * @throws {DeliveriesError} behind the last, if some of several could not be read; `onReport` was told of the others.
 * @throws the signal's reason when asked to stop.
 */
export async function ingestSource(options: IngestOptions): Promise<BatchReport[]> {
  const { database } = options;
  const { signal } = database;
  const source = typeof options.source === "string" ? await openSource(options.source, signal) : options.source;
  const startedAt = (await database.row(readClock))?.now as string;
  const folder = new Folder(database.with({ patienceMs: 0 }), database.log);
  const ports = await requirePorts(database);
  const worker = { database, name: workerName(), ports, folder, sums: new SpareSums(SUMS_BYTES) };
  try {
    for (const { id } of await database.rows(listAbandonedPipes)) await failAbandoned(database, id);
    return await ingestObjects(worker, source, startedAt, options);
  } finally {
    await folder.end();
  }
}

async function ingestObjects(
  worker: PublishingWorker,
  source: Source,
  startedAt: string,
  options: IngestOptions,
): Promise<BatchReport[]> {
  const reports: BatchReport[] = [];
  const failures: Error[] = [];
  const failed = new AbortController();
  const signal = AbortSignal.any([worker.database.signal, failed.signal]);
  const database = worker.database.with({ signal });
  const feed = options.feed ?? DEFAULT_FEED;
  const run = { worker: { ...worker, database }, startedAt, several: source.several, feed, options };

  await runInOrder(listTasks(), (error) => failed.abort(error));
  if (failures.length > 0) throw new DeliveriesError(failures);
  return reports;

  async function* listTasks(): AsyncIterable<Task> {
    for await (const { object, known } of listNew(database, source, feed, startedAt)) {
      if ("error" in object) {
        yield {
          atOnce: SMALL_AT_ONCE,
          begin: (before) => ({ ended: before.then(() => fail(object.name, object.error)) }),
        };
      } else {
        const atOnce = isSmall(object, options) ? SMALL_AT_ONCE : 1;
        yield {
          atOnce,
          begin: (before) => {
            const delivery = planDelivery(run, object, known);
            return { begun: delivery, ended: end(object.name, delivery, before) };
          },
        };
      }
    }
  }

  async function end(name: string, planned: Promise<PlannedDelivery>, before: Promise<void>): Promise<void> {
    try {
      const report = await (await planned)(before);
      if (report === null) return;
      reports.push(report);
      await options.onReport?.(report);
    } catch (error) {
      signal.throwIfAborted();
      // No other delivery fares better where the database is away.
      if (!source.several || isTransient(error)) throw error;
      await before;
      fail(name, error as Error);
    }
  }

  function fail(name: string, error: Error): void {
    failures.push(new Error(`${name}: ${error.message}`, { cause: error }));
  }
}
