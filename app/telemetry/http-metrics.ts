import { Counter, Gauge } from "prom-client";
import { registry } from "./registry.js";

let inFlight = 0;

/**
 * Counts a request that begins (1) or ends (-1). The gauge reads the number when it is scraped. This costs a request
 * less than setting the gauge.
 */
export function countInFlight(change: 1 | -1): void {
  inFlight += change;
}

new Gauge({
  name: "ratesapp_http_requests_in_flight",
  help: "Requests that were received and not yet answered",
  registers: [registry],
  collect() {
    this.set(inFlight);
  },
});

/** Counts refused requests by reason. A refused request costs no query. */
export const requestsShed = new Counter({
  name: "ratesapp_http_requests_shed_total",
  help: "Requests turned away before any work, by reason",
  labelNames: ["reason"],
  registers: [registry],
});
for (const reason of ["connections", "event_loop", "database_queue", "rate_limit"]) requestsShed.inc({ reason }, 0);
