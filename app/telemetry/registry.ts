import { collectDefaultMetrics, Registry } from "prom-client";

/** All metrics of the process. The admin server and the command line read them. */
export const registry = new Registry();

collectDefaultMetrics({ register: registry });
