// All databases of a stack have the same selectors: the one that pods use, and those that are restored beside it. Only
// they are in the namespace.
const CLUSTER = "cnpg.io/cluster";
const ROLE = "cnpg.io/podRole";

const role = (podRole: string) => ({
  matchLabels: { [ROLE]: podRole },
  matchExpressions: [{ key: CLUSTER, operator: "Exists" }],
});

/** Labels of the instances of CloudNativePG Clusters. */
export const instances = role("instance");

/** Labels of the pods of poolers. */
export const poolers = role("pooler");

/** Labels of the instances, and of the Jobs that create them (initdb, join, restore), which have no `podRole`. */
export const instancesAndTheirJobs = {
  matchExpressions: [
    { key: CLUSTER, operator: "Exists" },
    { key: ROLE, operator: "NotIn", values: ["pooler"] },
  ],
};
