import { Counter, Gauge, Histogram } from "prom-client";
import { registry } from "../telemetry/registry.js";
import type { Condition } from "./feed/feed-status.js";

export const reconciles = new Counter({
  name: "ratesapp_operator_reconciles_total",
  help: "Times that the operator looked at a Feed, by result",
  labelNames: ["result"],
  registers: [registry],
});
for (const result of ["ok", "error"]) reconciles.inc({ result }, 0);

export const reconcileSeconds = new Histogram({
  name: "ratesapp_operator_reconcile_duration_seconds",
  help: "How long the operator took to look at a Feed and make the cluster match it",
  buckets: [0.005, 0.02, 0.1, 0.5, 2, 10],
  registers: [registry],
});

export interface WatchedFeed {
  readonly name: string;
  readonly conditions: readonly Condition[];
  readonly overdueSeconds: () => number;
}

/** The source of the gauges, read at each scrape. */
export interface OperatorState {
  queueDepth(): number;
  leading(): boolean;
  feeds(): Iterable<WatchedFeed>;
}

let watched: OperatorState | undefined;

/** From now on the gauges are about this operator; with undefined, about none. */
export function watchOperator(state: OperatorState | undefined): void {
  watched = state;
}

new Gauge({
  name: "ratesapp_operator_queue_depth",
  help: "Feeds that wait to be looked at",
  registers: [registry],
  collect() {
    this.set(watched?.queueDepth() ?? 0);
  },
});

new Gauge({
  name: "ratesapp_operator_leader",
  help: "1 in the process that leads",
  registers: [registry],
  collect() {
    this.set(watched?.leading() ? 1 : 0);
  },
});

new Gauge({
  name: "ratesapp_operator_feeds",
  help: "Feeds by the status of each condition; told by the process that leads",
  labelNames: ["condition", "status"],
  registers: [registry],
  collect() {
    this.reset();
    if (!watched?.leading()) return;
    for (const { conditions } of watched.feeds()) {
      for (const { type, status } of conditions) this.inc({ condition: type, status });
    }
  },
});

new Gauge({
  name: "ratesapp_operator_feed_overdue_seconds",
  help: "Time since the first run that was due after a feed's last good run; told by the process that leads",
  labelNames: ["feed"],
  registers: [registry],
  collect() {
    this.reset();
    if (!watched?.leading()) return;
    for (const { name, overdueSeconds } of watched.feeds()) this.set({ feed: name }, overdueSeconds());
  },
});
