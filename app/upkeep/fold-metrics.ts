import { Histogram } from "prom-client";
import { registry } from "../telemetry/registry.js";

const duration = new Histogram({
  name: "ratesapp_fold_duration_seconds",
  help: "Time for one fold of published batches by this process, with how it ended: folded, or left (others were faster)",
  labelNames: ["outcome"],
  buckets: [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60],
  registers: [registry],
});

/** Runs a fold and measures it. */
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
