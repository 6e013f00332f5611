import { collectDefaultMetrics, Registry } from "prom-client";

/** Every metric of the process; the admin server and the command line read it. */
export const registry = new Registry();

collectDefaultMetrics({ register: registry });
