import * as kubernetes from "@pulumi/kubernetes";
import type * as pulumi from "@pulumi/pulumi";
import type { Placement } from "./kubernetes-cluster.js";

export interface DatabaseNodePoolsArgs {
  readonly zones: readonly pulumi.Input<string>[];
  /** Tags of the subnets that nodes are made in. */
  readonly subnetTags: Readonly<Record<string, string>>;
  readonly securityGroupId: pulumi.Input<string>;
  /** Name of the IAM role of nodes. It is the one of the built-in pools, which may join the cluster. */
  readonly role: pulumi.Input<string>;
}

const TAINT = { key: "ratesapp/database", value: "true", effect: "NoSchedule" } as const;

const DAY_HOURS = 24;
/** The shortest life of a node. Auto Mode allows three weeks. */
const LIFE_DAYS = 12;
/** Hours a day in which the nodes of a zone may be replaced, if they need not go at once. */
const WINDOW_HOURS = 2;

/**
 * Nodes for the database only. So many requests or a large batch cannot take disk cache, CPU or network from it, and
 * scaling of API pods never moves it.
 *
 * Each zone has a pool of its own, so that no two zones lose their node at a time: nodes made at the same time end on
 * different days, and updates are made in different hours of the day. The budget of one pool over all zones would not
 * do: Karpenter replaces a node at the end of its life whatever budgets say.
 */
export function databaseNodePools(args: DatabaseNodePoolsArgs, options: pulumi.CustomResourceOptions): Placement {
  const nodeClass = new kubernetes.apiextensions.CustomResource(
    "database-nodes",
    {
      apiVersion: "eks.amazonaws.com/v1",
      kind: "NodeClass",
      metadata: { name: "ratesapp-database" },
      spec: {
        role: args.role,
        subnetSelectorTerms: [{ tags: args.subnetTags }],
        securityGroupSelectorTerms: [{ id: args.securityGroupId }],
      },
    },
    options,
  );
  for (const [index, zone] of args.zones.entries()) {
    const letter = "abc"[index];
    new kubernetes.apiextensions.CustomResource(
      `database-nodes-${letter}`,
      {
        apiVersion: "karpenter.sh/v1",
        kind: "NodePool",
        metadata: { name: `ratesapp-database-${letter}` },
        spec: nodePoolSpec(nodeClass.metadata.name, zone, index),
      },
      options,
    );
  }
  return {
    nodeSelector: { [TAINT.key]: TAINT.value },
    tolerations: [{ key: TAINT.key, operator: "Equal", value: TAINT.value, effect: TAINT.effect }],
  };
}

function nodePoolSpec(nodeClass: pulumi.Input<string>, zone: pulumi.Input<string>, index: number) {
  const windowEnds = 1 + (index + 1) * WINDOW_HOURS;
  return {
    template: {
      metadata: { labels: { [TAINT.key]: TAINT.value } },
      spec: {
        nodeClassRef: { group: "eks.amazonaws.com", kind: "NodeClass", name: nodeClass },
        taints: [TAINT],
        requirements: [
          { key: "topology.kubernetes.io/zone", operator: "In", values: [zone] },
          // A spot instance can be taken away with two minutes' notice.
          { key: "karpenter.sh/capacity-type", operator: "In", values: ["on-demand"] },
          // These families have much memory and constant CPU. Burstable instances run out of CPU credits in the
          // middle of a batch.
          { key: "eks.amazonaws.com/instance-category", operator: "In", values: ["m", "r"] },
          { key: "kubernetes.io/arch", operator: "In", values: ["amd64"] },
        ],
        // Nodes are replaced for updates. CloudNativePG moves the primary to another node before that.
        expireAfter: `${(LIFE_DAYS + 2 * index) * DAY_HOURS}h`,
      },
    },
    disruption: {
      // Database nodes are not consolidated to save money, because each move is a switchover or a rebuilt replica.
      consolidationPolicy: "WhenEmpty",
      consolidateAfter: "5m",
      budgets: [
        { nodes: "1" },
        // None in the other hours of the day (UTC).
        { nodes: "0", schedule: `0 ${windowEnds} * * *`, duration: `${DAY_HOURS - WINDOW_HOURS}h` },
      ],
    },
  };
}
