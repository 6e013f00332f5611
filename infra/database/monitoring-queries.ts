import * as kubernetes from "@pulumi/kubernetes";
import type * as pulumi from "@pulumi/pulumi";
import yaml from "js-yaml";

/**
 * What the operator's own queries leave out and an alarm needs. They run as the role `cnpg_metrics_exporter` of the
 * operator, which may read statistics (pg_monitor) and no table.
 */
export const monitoringQueriesByName = {
  // cnpg_ratesapp_primary_quorum_standbys: replicas whose confirmation a commit can wait for. The operator tells how
  // many a commit needs, and how many are connected, also those that count for nothing.
  // cnpg_ratesapp_primary_timeline: the first eight digits of a WAL file's name. A promotion adds one.
  ratesapp_primary: {
    primary: true,
    query: `
      SELECT
        (SELECT pg_catalog.count(*) FROM pg_catalog.pg_stat_replication
         WHERE state = 'streaming' AND sync_state IN ('quorum', 'sync')) AS quorum_standbys,
        ('x' || pg_catalog.left(pg_catalog.pg_walfile_name(pg_catalog.pg_current_wal_lsn()), 8))::bit(32)::int8 AS timeline`,
    metrics: [
      { quorum_standbys: { usage: "GAUGE", description: "Replicas whose confirmation a commit can wait for" } },
      { timeline: { usage: "GAUGE", description: "Number of the timeline; a promotion adds one" } },
    ],
  },
};

/** Makes the ConfigMap of the queries. @returns the part of a Cluster's `monitoring` that names it. */
export function monitoringQueries(namespace: pulumi.Input<string>, options: pulumi.CustomResourceOptions) {
  const { metadata } = new kubernetes.core.v1.ConfigMap(
    "monitoring-queries",
    {
      metadata: {
        name: "ratesapp-monitoring-queries",
        namespace,
        // Makes the operator read the queries again when they change.
        labels: { "cnpg.io/reload": "true" },
      },
      data: { queries: yaml.dump(monitoringQueriesByName, { lineWidth: 120 }) },
    },
    options,
  );
  // CloudNativePG puts its own queries first. Without them in the list, each `up` would take them out and it would put
  // them in again.
  const operators = { name: "cnpg-default-monitoring", key: "queries" };
  return { customQueriesConfigMap: [operators, { name: metadata.name, key: "queries" }] };
}
