import { collectDefaultMetrics, Registry } from "prom-client";

/** All metrics of the process. The admin server and the command line read them. */
export const registry = new Registry();

// The library's timer for nodejs_eventloop_lag_* would wake each process a hundred times a second, which by itself
// takes 2.5 thousandths of a processor at rest. The API measures its lag more finely by itself (event-loop-lag.ts).
collectDefaultMetrics({ register: registry, eventLoopMonitoringPrecision: 100 });
