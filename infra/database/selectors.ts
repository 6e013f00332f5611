/** Selects pods by CloudNativePG's own labels. */
export const instances = (cluster: string) => ({
  matchLabels: { "cnpg.io/cluster": cluster, "cnpg.io/podRole": "instance" },
});

/** Labels of the pods of a CloudNativePG Cluster's poolers. */
export const poolers = (cluster: string) => ({
  matchLabels: { "cnpg.io/cluster": cluster, "cnpg.io/podRole": "pooler" },
});

/** Instances, and the Jobs that make them (initdb, join, restore), which carry no `podRole`. */
export const instancesAndTheirJobs = (cluster: string) => ({
  matchLabels: { "cnpg.io/cluster": cluster },
  matchExpressions: [{ key: "cnpg.io/podRole", operator: "NotIn", values: ["pooler"] }],
});
