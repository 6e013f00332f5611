import * as kubernetes from "@pulumi/kubernetes";
import type * as pulumi from "@pulumi/pulumi";
import type { Placement } from "./kubernetes-cluster.js";

const TAINT = { key: "ratesapp/database", value: "true", effect: "NoSchedule" } as const;

/**
 * Nodes for the database only. So many requests or a large batch cannot take disk cache, CPU or network from it, and
 * scaling of API pods never moves it.
 */
export function databaseNodePool(options: pulumi.CustomResourceOptions): Placement {
  new kubernetes.apiextensions.CustomResource(
    "database-nodes",
    {
      apiVersion: "karpenter.sh/v1",
      kind: "NodePool",
      metadata: { name: "ratesapp-database" },
      spec: {
        template: {
          metadata: { labels: { [TAINT.key]: TAINT.value } },
          spec: {
            nodeClassRef: { group: "eks.amazonaws.com", kind: "NodeClass", name: "default" },
            taints: [TAINT],
            requirements: [
              // A spot instance can be taken away with two minutes' notice.
              { key: "karpenter.sh/capacity-type", operator: "In", values: ["on-demand"] },
              // These families have much memory and constant CPU. Burstable instances run out of CPU credits in the
              // middle of a batch.
              { key: "eks.amazonaws.com/instance-category", operator: "In", values: ["m", "r"] },
              { key: "kubernetes.io/arch", operator: "In", values: ["amd64"] },
            ],
            // Nodes are replaced for updates after two weeks. CloudNativePG moves the primary to another node before
            // that.
            expireAfter: "336h",
          },
        },
        disruption: {
          // Database nodes are not consolidated to save money, because each move is a switchover or a rebuilt replica.
          consolidationPolicy: "WhenEmpty",
          consolidateAfter: "5m",
          budgets: [{ nodes: "1" }],
        },
      },
    },
    options,
  );
  return {
    nodeSelector: { [TAINT.key]: TAINT.value },
    tolerations: [{ key: TAINT.key, operator: "Equal", value: TAINT.value, effect: TAINT.effect }],
  };
}
