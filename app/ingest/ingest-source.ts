import { readClock } from "../batches/plan.sql.js";
import { workerName } from "../batches/worker-name.js";
import type { Database } from "../database/database.js";
import { isTransient } from "../database/sqlstates.js";
import { SpareSums } from "../rates/roll-up/spare-sums.js";
import { Folding } from "../upkeep/folding.js";
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

/** What {@link ingestSource} loads, and where it reports to. */
export interface IngestOptions extends DeliveryOptions {
  /**
   * The database, with a pool of at least six connections and no statement timeout. When its signal aborts, this run
   * gives its pieces back and stops; another run goes on from there.
   */
  readonly database: Database;
  /** A path, a folder, `https://…`, `s3://bucket/prefix`, `-` for standard input, or a source that is already open. */
  readonly source: string | Source;
  /** Name of the feed; {@link DEFAULT_FEED} if none is given. */
  readonly feed?: string;
  /** Called for each delivery when it has ended, even if a later delivery fails. */
  readonly onReport?: (report: BatchReport) => void | Promise<void>;
}

/** Some of several deliveries could not be loaded, for the reasons in `errors`. The others were loaded. */
export class DeliveriesError extends AggregateError {
  constructor(errors: readonly Error[]) {
    super(errors, errors.map(({ message }) => message).join("\n"));
    this.name = "DeliveriesError";
  }
}

/**
 * Loads what the source holds. Each object (file, key, address) becomes one batch. The batch is published as a whole
 * when all its pieces are loaded and audited, or it fails as a whole. Any number of processes may run this for the same
 * source at the same time; they share the work. Of a folder or prefix, objects that were loaded before are left out,
 * and objects that failed before are only reported. Small objects are loaded at the same time, but published in the
 * order of their names.
 *
 * ```ts
 * const [report] = await ingestSource({ database, source: "prices.csv" });
 * ```
 * @returns a report for each object that this run loaded, that failed before, or that is the only one of the source.
 * @throws {SourceError} if there is no such source.
 * @throws {PortsMissingError} if the database has no ports.
 * @throws {DeliveriesError} after all other work, if some of several objects could not be read. `onReport` was called
 * for the others.
 * @throws the signal's reason when the signal aborts.
 */
export async function ingestSource(options: IngestOptions): Promise<BatchReport[]> {
  const { database } = options;
  const { signal } = database;
  const source = typeof options.source === "string" ? await openSource(options.source, signal) : options.source;
  const startedAt = (await database.row(readClock))?.now as string;
  const folding = new Folding(database.with({ patienceMs: 0 }), database.log);
  const ports = await requirePorts(database);
  const worker = { database, name: workerName(), ports, folding, sums: new SpareSums(SUMS_BYTES) };
  try {
    for (const { id } of await database.rows(listAbandonedPipes)) await failAbandoned(database, id);
    return await ingestObjects(worker, source, startedAt, options);
  } finally {
    await folding.end();
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
      // If the database does not answer, the other deliveries would fail too.
      if (!source.several || isTransient(error)) throw error;
      await before;
      fail(name, error as Error);
    }
  }

  function fail(name: string, error: Error): void {
    failures.push(new Error(`${name}: ${error.message}`, { cause: error }));
  }
}
