import * as aws from "@pulumi/aws";
import type { Names } from "../names.js";
import type { Settings } from "../settings/schema.js";
import { deliveryRights } from "./delivery-rights.js";
import { EksCluster } from "./eks-cluster.js";
import { ExistingCluster } from "./existing-cluster.js";
import type { KubernetesCluster } from "./kubernetes-cluster.js";

/** The cluster of the settings: an existing one, or a new one on AWS. */
export function clusterOf(stack: string, names: Names, settings: Settings): KubernetesCluster {
  const { cluster, database, feeds, protect } = settings;
  if (cluster.eks) {
    const tags = { project: "ratesapp", stack };
    const { accountId, region } = cluster.eks;
    const provider = new aws.Provider("aws", {
      region: region as aws.Region,
      defaultTags: { tags },
      ...(accountId !== undefined && { allowedAccountIds: [accountId] }),
    });
    const { backups } = database;
    return new EksCluster(
      `ratesapp-${stack}`,
      {
        ...cluster.eks,
        names,
        backups: backups && { databases: database.clusters, drills: backups.drill !== "off" },
        deliveryRights: deliveryRights(feeds, cluster.eks.deliveryKeyArns),
        protect,
      },
      { providers: [provider] },
    );
  }
  return new ExistingCluster("cluster", { context: cluster.context });
}
