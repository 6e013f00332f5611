import * as kubernetes from "@pulumi/kubernetes";
import type * as pulumi from "@pulumi/pulumi";
import type { Placement } from "./kubernetes-cluster.js";

const TAINT = { key: "ratesapp/database", value: "true", effect: "NoSchedule" } as const;

/**
 * Nodes for the database alone, so that a rush of requests or a large batch takes no disk cache, CPU or network from
 * it, and so that making room for API pods never moves it.
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
              // A spot instance is taken back with two minutes' notice.
              { key: "karpenter.sh/capacity-type", operator: "In", values: ["on-demand"] },
              // Memory and steady CPU; burstable ones run out of credit in the middle of a batch.
              { key: "eks.amazonaws.com/instance-category", operator: "In", values: ["m", "r"] },
              { key: "kubernetes.io/arch", operator: "In", values: ["amd64"] },
            ],
            // Nodes are renewed for updates after two weeks; CloudNativePG moves the primary away first.
            expireAfter: "336h",
          },
        },
        disruption: {
          // A database node is not packed fuller to save money: each move is a switchover or a replica rebuilt.
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
