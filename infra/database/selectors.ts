/** Labels of the instances of a CloudNativePG Cluster. */
export const instances = (cluster: string) => ({
  matchLabels: { "cnpg.io/cluster": cluster, "cnpg.io/podRole": "instance" },
});

/** Labels of the pods of a CloudNativePG Cluster's poolers. */
export const poolers = (cluster: string) => ({
  matchLabels: { "cnpg.io/cluster": cluster, "cnpg.io/podRole": "pooler" },
});

/** Labels of the instances, and of the Jobs that create them (initdb, join, restore), which have no `podRole`. */
export const instancesAndTheirJobs = (cluster: string) => ({
  matchLabels: { "cnpg.io/cluster": cluster },
  matchExpressions: [{ key: "cnpg.io/podRole", operator: "NotIn", values: ["pooler"] }],
});
