import { Command } from "commander";
import { Database } from "../database/database.js";
import { openPool } from "../database/pool.js";
import { type DrillFile, readDrillFile } from "../drill/drill-file.js";
import { type DrillResult, sentenceOf } from "../drill/drill-result.js";
import { oneSnapshot } from "../drill/live-database.js";
import type { OwnerReference } from "../operator/kubernetes/objects.js";
import { readSettings } from "../settings.js";
import { createLogger } from "../telemetry/logger.js";
import { EXIT, UsageError } from "./failure.js";
import { stopSignal } from "./stop-signal.js";

/** One for statements, and one to see that the server is still there. */
const CONNECTIONS = 2;

/** `ratesapp drill`: restores the newest backup, compares it with the live database, and deletes it. */
export function drillCommand(): Command {
  return new Command("drill")
    .description("In Kubernetes: restore the newest backup beside the database, compare the two, and delete the copy.")
    .addHelpText(
      "after",
      `
Compares what both had at one moment: schema, dataset version, prices of each month, and the answers to a hundred
questions. Tells the result in an Event of the database's Cluster and in a ConfigMap, from which the operator makes the
metrics ratesapp_restore_drill_*.

Needs, as the stack's CronJob sets them: DRILL_FILE, the file with the Cluster to make; DATABASE_URL, the primary;
DATABASE_READ_URL, a replica, of which every price is read; DRILL_DATABASE_URL, the copy; and a ServiceAccount that may
make the copy.

Exit codes: 0 the backup is good; 1 it is not, or the drill could not be held; 2 wrong usage or configuration.

Example, now and not at the next time of its schedule:
  kubectl -n ratesapp-prod-database create job drill-now --from=cronjob/ratesapp-drill`,
    )
    .action(run);
}

async function run(): Promise<void> {
  const settings = readSettings();
  const { databaseUrl, drillDatabaseUrl, drillFile, drillJob } = settings;
  if (drillFile === undefined) throw new UsageError("DRILL_FILE: is needed; the stack's CronJob sets it");
  if (databaseUrl === undefined) throw new UsageError("DATABASE_URL: is needed to read what a backup must have");
  if (drillDatabaseUrl === undefined) throw new UsageError("DRILL_DATABASE_URL: is needed to read the copy");
  const file = await readDrillFile(drillFile);
  const log = createLogger(settings);
  const stop = stopSignal();
  const signal = AbortSignal.any([stop, deadlineOf(file)]);
  const pools = [databaseUrl, oneSnapshot(settings.databaseReadUrl ?? databaseUrl), drillDatabaseUrl].map((url) =>
    openPool({ url, size: CONNECTIONS, applicationName: "ratesapp drill", statementTimeoutMs: 0 }),
  );
  const [primary, reads, copied] = pools.map((pool) => new Database(pool, { log, signal })) as [
    Database,
    Database,
    Database,
  ];
  // Imported only here: most commands do not need the client of Kubernetes.
  const [{ openKubernetes }, { drill, MANAGER }] = await Promise.all([
    import("../operator/kubernetes/open-kubernetes.js"),
    import("../drill/drill.js"),
  ]);
  const api = openKubernetes(MANAGER);
  const results = openKubernetes(MANAGER, file.result.namespace);
  const owner = drillJob === undefined ? undefined : ownerOf(drillJob);
  try {
    report(await drill({ api, results, file, live: { primary, reads }, copied, owner, log, signal }));
  } finally {
    await Promise.all(pools.map((pool) => pool.end()));
  }
  stop.throwIfAborted();
}

function report(result: DrillResult): void {
  const failed = result.failure !== undefined;
  (failed ? console.error : console.log)(`${sentenceOf(result)}.`);
  if (failed) process.exitCode = EXIT.failed;
}

function deadlineOf({ deadlineMinutes }: DrillFile): AbortSignal {
  const controller = new AbortController();
  const late = new Error(`it was not over after ${deadlineMinutes} minutes`);
  setTimeout(() => controller.abort(late), deadlineMinutes * 60_000).unref();
  return controller.signal;
}

/** @param job `name/uid` */
function ownerOf(job: string): OwnerReference {
  const [name = "", uid = ""] = job.split("/");
  return { apiVersion: "batch/v1", kind: "Job", name, uid };
}
