import { Counter, Gauge, Histogram } from "prom-client";
import { registry } from "./registry.js";

export const requestDuration = new Histogram({
  name: "ratesapp_http_request_duration_seconds",
  help: "Time from a request's headers to the end of its answer; status 499 is a client that left",
  labelNames: ["method", "route", "status"],
  buckets: [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
  registers: [registry],
});

let inFlight = 0;

/** A request more or less. A number that is read when scraped costs a request nothing. */
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

export const requestsShed = new Counter({
  name: "ratesapp_http_requests_shed_total",
  help: "Requests turned away before any work, by reason",
  labelNames: ["reason"],
  registers: [registry],
});
for (const reason of ["connections", "event_loop", "database_queue", "rate_limit"]) requestsShed.inc({ reason }, 0);
