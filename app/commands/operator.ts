import { Command } from "commander";
import { Database } from "../database/database.js";
import { openPool } from "../database/pool.js";
import { readIngestDefaults } from "../operator/desired/ingest-defaults.js";
import { readSettings } from "../settings.js";
import { startAdminServer } from "../telemetry/admin-server.js";
import { Health } from "../telemetry/health.js";
import { createLogger } from "../telemetry/logger.js";
import { UsageError } from "./failure.js";
import { stopSignal } from "./stop-signal.js";

/** Reads of batches, and a retract. */
const CONNECTIONS = 3;

/** `ratesapp operator`: CronJobs of Feeds, until SIGTERM. */
export function operatorCommand(): Command {
  return new Command("operator")
    .description("In Kubernetes: make a CronJob of each Feed, and tell in its status what becomes of it.")
    .addHelpText(
      "after",
      `
Needs DATABASE_URL, and OPERATOR_FILE with the pod that all feeds have in common; the chart sets both. Works in the
namespace of its pod, or of the kubeconfig's context. Run it twice: one leads, the other takes over within seconds. While
none runs, CronJobs go on.

/livez, /readyz and /metrics are on ADMIN_PORT.

Example:
  OPERATOR_FILE=/etc/ratesapp/operator.json DATABASE_URL=postgres://ingest@primary/rates ratesapp operator`,
    )
    .action(run);
}

async function run(): Promise<void> {
  const settings = readSettings();
  const log = createLogger(settings);
  if (settings.databaseUrl === undefined)
    throw new UsageError("DATABASE_URL: is needed to read what became of batches");
  if (settings.operatorFile === undefined)
    throw new UsageError("OPERATOR_FILE: is needed to make pods; the chart writes it");
  const defaults = await readIngestDefaults(settings.operatorFile);
  const stop = stopSignal();
  // Imported only here: most commands do not need the client of Kubernetes.
  const [{ openKubernetes }, { MANAGER, Operator }] = await Promise.all([
    import("../operator/kubernetes/open-kubernetes.js"),
    import("../operator/operator.js"),
  ]);
  const api = openKubernetes(MANAGER);
  const health = new Health();
  health.add("stopping", () => (stop.aborted ? "the process is stopping" : undefined));
  const { adminPort: port, databaseUrl: url, host, retractableDays } = settings;
  const pool = openPool({ url, size: CONNECTIONS, applicationName: "ratesapp operator", statementTimeoutMs: 0 });
  try {
    const operator = new Operator({ api, defaults, database: new Database(pool), health, log, retractableDays });
    const admin = await startAdminServer({ host, port, health });
    log.info({ admin: admin.url, namespace: api.namespace }, "the operator runs");
    await operator.run(stop).finally(() => admin.stop());
    log.info("stopped");
  } finally {
    await pool.end();
  }
}
