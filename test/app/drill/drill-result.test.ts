import { expect } from "chai";
import { type DrillResult, keepResult, readResult, sentenceOf } from "../../../app/drill/drill-result.js";
import { newestBackup } from "../../../app/drill/newest-backup.js";
import { faultsInLog } from "../../../app/drill/restore-log.js";
import { watchDrills } from "../../../app/operator/drill-metrics.js";
import type { KubernetesApi, Resource } from "../../../app/operator/kubernetes/kubernetes-api.js";
import { KubernetesError } from "../../../app/operator/kubernetes/kubernetes-error.js";
import { registry } from "../../../app/telemetry/registry.js";

const NAME = "ratesapp-restore-drill";
const passed: DrillResult = {
  endedAt: "2026-11-22T05:21:04.000Z",
  seconds: 1264.2,
  restoreSeconds: 1101.5,
  backup: { id: "20261122T020003", ageSeconds: 9300 },
  compared: { version: 812, prices: 4_000_000, questions: 100 },
};
const failed: DrillResult = {
  failure: "2024-02: 3 prices instead of 4",
  endedAt: "2026-11-29T05:00:10.000Z",
  seconds: 9,
};

/** One ConfigMap, as the API server keeps it. */
function oneConfigMap() {
  let kept: Record<string, string> | undefined;
  const missing = () => new KubernetesError(404, "NotFound", "not found");
  return {
    get: async () => {
      if (!kept) throw missing();
      return { metadata: { name: NAME }, data: kept };
    },
    patch: async (_resource: Resource, _name: string, _kind: string, { data }: { data: Record<string, string> }) => {
      if (!kept) throw missing();
      kept = { ...kept, ...data };
    },
    create: async (_resource: Resource, { data }: { data: Record<string, string> }) => {
      kept = data;
    },
  } as unknown as KubernetesApi;
}

const metrics = async () =>
  (await registry.metrics()).split("\n").filter((line) => line.startsWith("ratesapp_restore_drill_"));

describe("the result of a restore drill", () => {
  after(() => watchDrills(undefined));

  it("is kept, and when a drill last passed stays known after one that failed", async () => {
    const api = oneConfigMap();
    expect(await readResult(api, NAME)).to.equal(undefined);
    await keepResult(api, NAME, passed);
    expect(await readResult(api, NAME)).to.deep.equal({ last: passed, lastPassedAt: new Date(passed.endedAt) });
    await keepResult(api, NAME, failed);
    expect(await readResult(api, NAME)).to.deep.equal({ last: failed, lastPassedAt: new Date(passed.endedAt) });
  });

  it("is told to Prometheus, and nothing is while there was no drill", async () => {
    const api = oneConfigMap();
    watchDrills({ api, name: NAME });
    expect(await metrics()).to.deep.equal([]);
    await keepResult(api, NAME, passed);
    watchDrills({ api, name: NAME });
    expect(await metrics()).to.have.members([
      "ratesapp_restore_drill_passed 1",
      `ratesapp_restore_drill_end_timestamp_seconds ${Date.parse(passed.endedAt) / 1000}`,
      `ratesapp_restore_drill_last_pass_timestamp_seconds ${Date.parse(passed.endedAt) / 1000}`,
      "ratesapp_restore_drill_duration_seconds 1264.2",
      "ratesapp_restore_drill_restore_duration_seconds 1101.5",
      "ratesapp_restore_drill_backup_age_seconds 9300",
    ]);
    await keepResult(api, NAME, failed);
    watchDrills({ api, name: NAME });
    expect(await metrics()).to.have.members([
      "ratesapp_restore_drill_passed 0",
      `ratesapp_restore_drill_end_timestamp_seconds ${Date.parse(failed.endedAt) / 1000}`,
      `ratesapp_restore_drill_last_pass_timestamp_seconds ${Date.parse(passed.endedAt) / 1000}`,
      "ratesapp_restore_drill_duration_seconds 9",
    ]);
  });

  it("is a sentence that says what to do about", () => {
    expect(sentenceOf(passed)).to.equal(
      "Backup 20261122T020003, 2.6 hours old, was restored in 1102 s and has all of dataset version 812: 4,000,000 prices, and 100 questions with the same answers; 1264 s",
    );
    expect(sentenceOf(failed)).to.equal("The backup did not pass: 2024-02: 3 prices instead of 4");
  });
});

describe("the newest backup", () => {
  const backup = (cluster: string, phase: string, backupId: string, stoppedAt: string) => ({
    metadata: { name: backupId },
    spec: { cluster: { name: cluster } },
    status: { phase, backupId, stoppedAt },
  });
  const newest = (...items: object[]) =>
    newestBackup({ list: async () => ({ items }) } as unknown as KubernetesApi, "ratesapp");

  it("is a complete one, of this database", async () => {
    const found = await newest(
      backup("ratesapp", "completed", "20261121T020000", "2026-11-21T02:10:00Z"),
      backup("ratesapp", "completed", "20261122T020000", "2026-11-22T02:10:00Z"),
      backup("ratesapp", "running", "20261123T020000", ""),
      backup("restored-a", "completed", "20261124T020000", "2026-11-24T02:10:00Z"),
    );
    expect(found).to.deep.equal({ id: "20261122T020000", endedAt: new Date("2026-11-22T02:10:00Z") });
    expect(await newest(backup("ratesapp", "failed", "20261122T020000", ""))).to.equal(undefined);
  });
});

describe("the log of a restore", () => {
  it("says why the restore failed, in what the operator and what Postgres wrote", () => {
    const log = [
      { level: "info", msg: "postgres", record: { error_severity: "LOG", message: "starting archive recovery" } },
      { level: "info", msg: "postgres", record: { error_severity: "FATAL", message: "checksum mismatch" } },
      { level: "error", msg: "restore error", error: "exit status 1" },
    ];
    expect(faultsInLog(["not JSON", ...log.map((line) => JSON.stringify(line))].join("\n"))).to.deep.equal([
      "checksum mismatch",
      "restore error: exit status 1",
    ]);
  });
});
