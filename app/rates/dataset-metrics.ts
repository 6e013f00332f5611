import { Counter, Gauge } from "prom-client";
import { registry } from "../telemetry/registry.js";
import type { DatasetVersion } from "./dataset-version.js";

let watched: DatasetVersion | undefined;

/** Lets the gauges show this dataset from now on. */
export function watchDataset(dataset: DatasetVersion): void {
  watched = dataset;
}

new Gauge({
  name: "ratesapp_dataset_version",
  help: "Newest dataset version on the side that reads go to; absent while unknown",
  registers: [registry],
  collect() {
    this.remove();
    if (watched?.current) this.set(watched.current.newest.version);
  },
});

new Gauge({
  name: "ratesapp_dataset_age_seconds",
  help: "Time since the dataset last changed; absent while unknown",
  registers: [registry],
  collect() {
    this.remove();
    if (watched?.ageMs !== undefined) this.set(watched.ageMs / 1000);
  },
});

/** Counts questions about rates, by what answered them: memory, a query that was under way, or a query of their own. */
export const cacheQuestions = new Counter({
  name: "ratesapp_cache_questions_total",
  help: "Questions by how they were answered: hit (memory), shared (a query already under way), miss (a query)",
  labelNames: ["outcome"],
  registers: [registry],
});
for (const outcome of ["hit", "shared", "miss"]) cacheQuestions.inc({ outcome }, 0);

let cacheBytes: () => number = () => 0;

/** Lets the gauge show what `read` returns, in bytes. */
export function watchCacheBytes(read: () => number): void {
  cacheBytes = read;
}

new Gauge({
  name: "ratesapp_cache_bytes",
  help: "Memory that kept answers take",
  registers: [registry],
  collect() {
    this.set(cacheBytes());
  },
});
