import { Counter, Gauge } from "prom-client";
import { registry } from "./registry.js";

let inFlight = 0;

/**
 * One request more or less. The gauge reads this number when it is scraped, which costs a request less than setting a
 * gauge.
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

/** By reason; a request that is shed costs no query. */
export const requestsShed = new Counter({
  name: "ratesapp_http_requests_shed_total",
  help: "Requests turned away before any work, by reason",
  labelNames: ["reason"],
  registers: [registry],
});
for (const reason of ["connections", "event_loop", "database_queue", "rate_limit"]) requestsShed.inc({ reason }, 0);
