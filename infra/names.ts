/** Names that more than one part of a stack speaks of. */
export interface Names {
  /** Namespace of the workloads. */
  readonly workloads: string;
  /** Namespace of the database. */
  readonly database: string;
  /** Of the CloudNativePG Cluster, its ServiceAccount, and what its Services begin with. */
  readonly databaseCluster: string;
  /** Of the chart's release, and what its objects begin with. */
  readonly release: string;
}

/** Two namespaces for each stack, so that several stacks share a cluster. */
export const namesOf = (stack: string): Names => ({
  workloads: `ratesapp-${stack}`,
  database: `ratesapp-${stack}-database`,
  databaseCluster: "ratesapp",
  release: "ratesapp",
});
