import { Gauge, Histogram } from "prom-client";
import type { Queries } from "../database/queries.js";
import { registry } from "../telemetry/registry.js";
import { SharedReading } from "../telemetry/shared-reading.js";
import { countDue, DUE } from "./fold.sql.js";

const duration = new Histogram({
  name: "ratesapp_fold_duration_seconds",
  help: "Time for one fold of published batches by this process, by how it ended: folded, left (others were faster), error",
  labelNames: ["outcome"],
  buckets: [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60],
  registers: [registry],
});

/** Runs a fold and records how long it took and how it ended. */
export async function observeFold(fold: () => Promise<boolean>): Promise<boolean> {
  const beganAtMs = performance.now();
  let outcome = "error";
  try {
    const folded = await fold();
    outcome = folded ? "folded" : "left";
    return folded;
  } finally {
    duration.observe({ outcome }, (performance.now() - beganAtMs) / 1000);
  }
}

/** Long, because a reading looks at every batch that is not folded. */
const KEPT_MS = 60_000;

const waiting = new SharedReading(KEPT_MS, async (database: Queries) => (await database.row(countDue, DUE))?.batches);

/** From now on the metric shows the batches of this database. With undefined, it shows nothing. */
export function watchFolds(watched: Queries | undefined): void {
  waiting.watch(watched);
}

new Gauge({
  name: "ratesapp_fold_waiting_batches",
  help: "Published batches (and folds of them) that are due to be folded; absent while the database does not answer",
  registers: [registry],
  async collect() {
    const batches = await waiting.current();
    this.remove();
    if (batches !== undefined) this.set(batches);
  },
});
