import type { Database } from "../database/database.js";
import type { Log } from "../database/log.js";
import { Events } from "../operator/kubernetes/events.js";
import { type KubernetesApi, resources } from "../operator/kubernetes/kubernetes-api.js";
import type { KubernetesObject, OwnerReference } from "../operator/kubernetes/objects.js";
import { sleep } from "../sleep.js";
import type { DrillFile } from "./drill-file.js";
import { type DrillResult, keepResult, sentenceOf } from "./drill-result.js";
import { differences, readHoldings } from "./holdings.js";
import { type LiveDatabase, readMomentOf, untilArchived } from "./live-database.js";
import { newestBackup } from "./newest-backup.js";
import { RestoredCopy, RestoreFailedError } from "./restored-copy.js";

export const MANAGER = "ratesapp-drill";

export interface DrillOptions {
  /** The namespace of the database, and that of the result. */
  readonly api: KubernetesApi;
  readonly results: KubernetesApi;
  readonly file: DrillFile;
  readonly live: LiveDatabase;
  /** The database in the copy. It does not answer before the copy is restored. */
  readonly copied: Database;
  /** With which the copy is deleted if this process is killed. */
  readonly owner: OwnerReference | undefined;
  readonly log: Log;
  /** Aborted when the drill has to stop. */
  readonly signal: AbortSignal;
}

/** What is known so far. */
type Findings = { -readonly [Key in "backup" | "compared" | "restoreSeconds"]?: DrillResult[Key] };

/** How long a copy that is ready may take until it takes the drill's password. */
const ANSWERS_WITHIN_MS = 120_000;
const POLL_MS = 1_000;

/**
 * Restores the newest backup to a moment of now, compares it with what the live database held at that moment, deletes
 * it, and tells the result in a ConfigMap and an Event.
 */
export async function drill(options: DrillOptions): Promise<DrillResult> {
  const { api, file, log } = options;
  const begunMs = performance.now();
  const findings: Findings = {};
  const failure = await restoreAndCompare(options, findings).catch((error: unknown) =>
    String((error as Error).message),
  );
  const copy = new RestoredCopy(api, file.copy);
  await copy.remove(AbortSignal.timeout(REMOVED_WITHIN_MS)).catch((error: unknown) => {
    log.warn({ error: String(error), cluster: copy.name }, "the copy is left, and the next drill deletes it");
  });
  const result: DrillResult = {
    ...(failure !== undefined && { failure }),
    ...findings,
    endedAt: new Date().toISOString(),
    seconds: secondsSince(begunMs),
  };
  await tell(options, result);
  return result;
}

/** Kubernetes kills the pod a minute after it has told it to stop. */
const REMOVED_WITHIN_MS = 45_000;

/** @returns why the copy is not right; undefined if it is. */
async function restoreAndCompare(options: DrillOptions, findings: Findings): Promise<string | undefined> {
  const { api, copied, file, live, log, owner, signal } = options;
  const copy = new RestoredCopy(api, file.copy);
  await copy.remove(signal);
  const backup = await newestBackup(api, file.database);
  if (!backup) return `${file.database} has no complete backup`;
  findings.backup = { id: backup.id, ageSeconds: (Date.now() - backup.endedAt.getTime()) / 1000 };
  const { at, holdings, questions } = await readMomentOf(live);
  log.info({ at: at.toISOString(), version: holdings.version, backup: backup.id }, "restoring");
  await untilArchived(live);

  const begunMs = performance.now();
  await copy.make(at, owner);
  await copy.ready(signal, (phase) => log.info({ cluster: copy.name, phase }, "the copy"));
  await untilAnswers(copied, signal);
  findings.restoreSeconds = secondsSince(begunMs);
  log.info({ seconds: Math.round(findings.restoreSeconds) }, "restored");

  const found = await copied.transaction((session) => readHoldings(session, questions));
  const prices = [...found.months.values()].reduce((sum, month) => sum + Number(month.prices), 0);
  findings.compared = { version: found.version, prices, questions: questions.length };
  const different = differences(holdings, found);
  return different.length > 0 ? different.join("; ") : undefined;
}

async function untilAnswers(copied: Database, signal: AbortSignal): Promise<void> {
  const limitMs = performance.now() + ANSWERS_WITHIN_MS;
  for (;;) {
    try {
      await copied.pool.query("SELECT");
      return;
    } catch (error) {
      signal.throwIfAborted();
      if (performance.now() > limitMs) throw new RestoreFailedError((error as Error).message);
      await sleep(POLL_MS, signal);
    }
  }
}

async function tell({ api, file, log, results }: DrillOptions, result: DrillResult): Promise<void> {
  await keepResult(results, file.result.name, result);
  const events = new Events(api, resources.databaseClusters, MANAGER, MANAGER, log);
  const database = await api.get<KubernetesObject>(resources.databaseClusters, file.database);
  const failed = result.failure !== undefined;
  await events.tell(database, {
    type: failed ? "Warning" : "Normal",
    reason: failed ? "RestoreDrillFailed" : "RestoreDrillPassed",
    action: "Restore",
    note: sentenceOf(result),
  });
}

const secondsSince = (beganMs: number): number => (performance.now() - beganMs) / 1000;
