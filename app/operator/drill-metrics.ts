import { Gauge } from "prom-client";
import { type KnownDrills, readResult } from "../drill/drill-result.js";
import { registry } from "../telemetry/registry.js";
import { SharedReading } from "../telemetry/shared-reading.js";
import type { KubernetesApi } from "./kubernetes/kubernetes-api.js";

/** Where the results of restore drills are kept. Their pods are gone long before Prometheus could ask them. */
export interface DrillResults {
  readonly api: KubernetesApi;
  /** Name of the ConfigMap. */
  readonly name: string;
}

const KEPT_MS = 5_000;

const drills = new SharedReading(KEPT_MS, ({ api, name }: DrillResults) => readResult(api, name));

/** From now on the metrics show these results. With undefined, they show nothing. */
export function watchDrills(results: DrillResults | undefined): void {
  drills.watch(results);
}

/** Registers a metric that is absent while there is no value: without drills, or while Kubernetes does not answer. */
function tell(name: string, help: string, value: (known: KnownDrills) => number | undefined): void {
  new Gauge({
    name,
    help,
    registers: [registry],
    async collect() {
      const known = await drills.current();
      const now = known && value(known);
      this.remove();
      if (now !== undefined) this.set(now);
    },
  });
}

tell("ratesapp_restore_drill_passed", "1 if the last restore drill passed, 0 if it failed", ({ last }) =>
  last.failure === undefined ? 1 : 0,
);
tell(
  "ratesapp_restore_drill_end_timestamp_seconds",
  "When the last restore drill ended",
  ({ last }) => Date.parse(last.endedAt) / 1000,
);
tell(
  "ratesapp_restore_drill_last_pass_timestamp_seconds",
  "When a restore drill last passed",
  ({ lastPassedAt }) => lastPassedAt && lastPassedAt.getTime() / 1000,
);
tell("ratesapp_restore_drill_duration_seconds", "How long the last restore drill took", ({ last }) => last.seconds);
tell(
  "ratesapp_restore_drill_restore_duration_seconds",
  "From the beginning of the restore until the copy answered",
  ({ last }) => last.restoreSeconds,
);
tell(
  "ratesapp_restore_drill_backup_age_seconds",
  "Age of the newest base backup at the last restore drill",
  ({ last }) => last.backup?.ageSeconds,
);
