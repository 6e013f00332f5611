import { FIRST_CLUSTER, type Names } from "../names.js";
import { longestGapSeconds } from "../settings/schedule.js";
import type { Settings } from "../settings/schema.js";
import { type RuleGroup, ruleGroups } from "./rule-file.js";

const HOUR_SECONDS = 3600;

/** The alarms on a stack's database and on what it runs on. The chart has those on its workloads. */
export function databaseRules(names: Names, { alarms, database, platform }: Settings): RuleGroup[] {
  const { backups, instances, serving } = database;
  const drill = backups?.drill ?? "off";
  const values = {
    NAMESPACE: names.workloads,
    DATABASE: names.database,
    // A database that is restored beside it is watched too, but not the copy that a restore drill makes and deletes.
    CLUSTERS: `${FIRST_CLUSTER}|restored-.+`,
    SERVING: serving,
    STANDBYS: instances - 1,
    OPERATOR: platform.cloudnativePgNamespace,
    RUNBOOKS: alarms.runbooks,
    REPLICA_LAG_SECONDS: alarms.replicaLagSeconds,
    ...(backups && {
      BACKUPS: backups.method === "plugin" ? "barman_cloud_cloudnative_pg_io" : "cnpg_collector",
      // A backup of a full disk takes its time.
      BACKUP_AGE_SECONDS: longestGapSeconds(backups.schedule) + 4 * HOUR_SECONDS,
    }),
    ...(drill !== "off" && {
      DRILL_AGE_SECONDS: longestGapSeconds(drill.schedule) + drill.deadlineMinutes * 60 + 24 * HOUR_SECONDS,
    }),
  };
  const files = [
    "database",
    ...(instances >= 3 ? ["quorum"] : []),
    ...(backups ? ["archive"] : []),
    ...(drill === "off" ? [] : ["drill"]),
    "platform",
    ...(platform.certManager === "absent" ? [] : ["certificates"]),
  ];
  return files.flatMap((file) => ruleGroups(`infra/alarms/${file}.yaml`, values));
}
