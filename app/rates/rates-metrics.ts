import { Histogram } from "prom-client";
import { registry } from "../telemetry/registry.js";

/** Rows of daily_rates that a question read. If this grows, batches are not being folded. */
export const rowsPerAnswer = new Histogram({
  name: "ratesapp_rates_rows_per_answer",
  help: "Rows of daily_rates, seen or not, that one question about rates read from the database",
  buckets: [1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000, 5_000],
  registers: [registry],
});
